/**
 * Append messages of a context that can own no store: to whoever leads, or else into the inbox.
 *
 * Always true:
 * - a message is answered with its LSNs when the leader has it, or with none when it is durable in the
 *   inbox; until then it is kept here
 * - one that may have reached a leader goes into the inbox under the stamp that it was sent with
 * - a client of which a message went into the inbox sends nothing any more: what the log remembers of
 *   it stays as it is until the inbox is empty
 */
import { INBOX_BYTES_MAX, INBOX_ENTRIES_MAX, faultOf } from '@varve/files';
import type { FolderlessHost, InboxStamp } from '@varve/files';
import { VarveError, isVarveError } from '@varve/protocol';
import type {
  AppendedMessage,
  AppendMessage,
  LeadMessage,
  OpenRequest,
  Outcome,
} from '@varve/protocol';
import { Assembly } from './assembly.ts';
import { ClientIdentity, type Ticket } from './client-identity.ts';
import { lockName } from './leadership.ts';
import { BEAT_MS, randomName } from './link.ts';
import { LogRelay } from './log-relay.ts';
import { Moved } from './relay.ts';

/** While an append waits for a leader that is not heard: is anybody there at all? */
const LOOK_EVERY_MS = 100;
/** A leader that has something to say says it sooner, and one that has not, every beat. */
const QUIET_MS = 2 * BEAT_MS;

export type DeliveryHost = FolderlessHost & Required<Pick<FolderlessHost, 'channels' | 'inbox'>>;

/** What the page's queue sends, as far as it makes sense without a store. */
type Message = Omit<AppendMessage, 'expect' | 'stream'>;

/** One client's way to the leaders, until one of its messages goes into the inbox. */
interface Line {
  readonly relay: LogRelay;
  readonly identity: ClientIdentity;
  /** Messages on their way. */
  waiting: number;
  isWatched: boolean;
}

export class Delivery {
  readonly #host: DeliveryHost;
  readonly #name: string;
  readonly #request: Pick<OpenRequest, 'durability' | 'leaderTimeoutMs'>;
  readonly #assembly: Assembly;
  #line: Line;
  /** Nobody was there, and nobody has come since: no append waits for a leader. */
  #isAlone = false;
  #isClosed = false;

  constructor(
    host: DeliveryHost,
    name: string,
    request: Pick<OpenRequest, 'durability' | 'leaderTimeoutMs'>,
  ) {
    this.#host = host;
    this.#name = name;
    this.#request = request;
    this.#assembly = new Assembly(host.channels, name, randomName(host.random), (message) => {
      if (message.kind === 'lead') this.#line.relay.link.meet(message satisfies LeadMessage);
      else if (message.kind === 'opening') this.#line.relay.link.wait();
    });
    this.#line = this.#newLine();
  }

  /** In the inbox its LSNs are all 0. */
  async append(message: Message): Promise<AppendedMessage> {
    if (this.#isClosed) throw closed('not-written');
    const line = this.#line;
    const ticket: Ticket = { sequence: 0 };
    if (!this.#isAlone) {
      line.waiting++;
      void this.#watch(line);
      try {
        return await line.relay.append(message, ticket);
      } catch (error) {
        if (this.#isClosed || !isAbsence(error)) throw error;
        this.#giveUp(line);
      } finally {
        line.waiting--;
      }
    }
    return this.#leave(message, line.identity.sent(ticket));
  }

  /** What was sent and has no answer has none: close when all is answered. */
  close(): void {
    this.#isClosed = true;
    this.#line.relay.stop(closed('unknown'));
    this.#assembly.close();
  }

  #newLine(): Line {
    const identity = new ClientIdentity(this.#host);
    const relay: LogRelay = new LogRelay({
      host: this.#host,
      name: this.#name,
      request: this.#request,
      given: {},
      assembly: {
        seek: () => this.#assembly.seek(),
        join: (...join) => this.#assembly.join(...join),
        // A store that is given back would find nobody here to take it.
        askToStepDown: () => undefined,
      },
      identity,
      onStatus: () => undefined,
      onLinked: () => {
        this.#isAlone = false;
      },
      // For good: what comes goes into the inbox.
      onRefused: () => {
        this.#isAlone = true;
        relay.stop(new Moved());
      },
      onQuiet: () => undefined,
      onSilent: () => undefined,
    });
    return { relay, identity, waiting: 0, isWatched: false };
  }

  /** A free lock tells at once what else only a deadline would: there is no leader. */
  async #watch(line: Line): Promise<void> {
    if (line.isWatched) return;
    line.isWatched = true;
    const { locks, clock, timers } = this.#host;
    try {
      while (line === this.#line && line.waiting > 0 && !this.#isClosed) {
        const { isWelcome, heardMs } = line.relay.link;
        if (!isWelcome || clock.nowMs() - heardMs > QUIET_MS) {
          const lock = await locks.acquire(lockName(this.#name), { ifAvailable: true });
          lock?.release();
          if (lock !== undefined && line.relay.link.heardMs === heardMs) return this.#giveUp(line);
        }
        await new Promise<void>((resolve) => timers.after(LOOK_EVERY_MS, resolve));
      }
    } catch {
      // Locks are refused: the deadline remains.
    } finally {
      line.isWatched = false;
    }
  }

  /** Whatever waits there goes into the inbox; what comes next, under another name, to whoever leads then. */
  #giveUp(line: Line): void {
    if (line !== this.#line || this.#isClosed) return;
    this.#isAlone = true;
    this.#line = this.#newLine();
    line.relay.stop(new Moved());
  }

  async #leave(
    { id, buffer, length, groups }: Message,
    stamp: InboxStamp | undefined,
  ): Promise<AppendedMessage> {
    const outcome = stamp === undefined ? 'not-written' : 'unknown';
    const entry = {
      frames: new Uint8Array(buffer, 0, length),
      ...(groups && { groups: [...groups] }),
      ...(stamp && { stamp }),
    };
    let isPut: boolean;
    try {
      isPut = await this.#host.inbox.put(this.#name, entry);
    } catch (cause) {
      const isFull = faultOf(cause) === 'no-space';
      throw new VarveError(isFull ? 'QUOTA_EXCEEDED' : 'IO_ERROR', 'the inbox cannot be written', {
        outcome: 'unknown',
        cause,
      });
    }
    if (!isPut) {
      throw new VarveError('OVERLOADED', 'nobody leads the store, and its inbox is full', {
        facts: { entriesMax: INBOX_ENTRIES_MAX, bytesMax: INBOX_BYTES_MAX },
        outcome,
      });
    }
    this.#assembly.tellOfInbox();
    const count = groups?.length ?? 1;
    const groupLsns = Array.from({ length: count }, () => 0);
    return { kind: 'appended', id, firstLsn: 0, groups: count, groupLsns };
  }
}

const closed = (outcome: Outcome): VarveError => new VarveError('CLOSED', undefined, { outcome });

/** There is no leader for us, or none that answers; anything else is an answer. */
function isAbsence(error: unknown): boolean {
  return (
    error instanceof Moved ||
    isVarveError(error, 'LEADER_UNRESPONSIVE') ||
    isVarveError(error, 'UNSUPPORTED_VERSION')
  );
}

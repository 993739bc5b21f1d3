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
import { VarveError } from '@varve/protocol';
import type { AppendedMessage, AppendMessage, OpenRequest, Outcome } from '@varve/protocol';
import { ticketOf } from './client-identity.ts';
import type { AppendKey } from './append-key.ts';
import { isAbsence, LeaderLine, type Line } from './leader-line.ts';

export type DeliveryHost = FolderlessHost & Required<Pick<FolderlessHost, 'channels' | 'inbox'>>;

/** What the page's queue sends, as far as it makes sense without a store. */
type Message = Omit<AppendMessage, 'expect' | 'stream'>;

export class Delivery {
  readonly #host: DeliveryHost;
  readonly #name: string;
  readonly #leader: LeaderLine;

  constructor(
    host: DeliveryHost,
    name: string,
    request: Pick<OpenRequest, 'durability' | 'leaderTimeoutMs'>,
  ) {
    this.#host = host;
    this.#name = name;
    this.#leader = new LeaderLine(host, name, request);
  }

  /** In the inbox its LSNs are all 0. */
  async append(message: Message): Promise<AppendedMessage> {
    if (this.#leader.isClosed) throw closed('not-written');
    const ticket = ticketOf(message);
    let asked: Line | undefined;
    if (!this.#leader.isAlone) {
      try {
        return await this.#leader.ask((line) => {
          asked = line;
          return line.relay.append(message, ticket);
        });
      } catch (error) {
        if (this.#leader.isClosed || !isAbsence(error)) throw error;
      }
    }
    return this.#leave(message, asked?.identity.sent(ticket), ticket.key);
  }

  /** What was sent and has no answer has none: close when all is answered. */
  close(): void {
    this.#leader.close(closed('unknown'));
  }

  async #leave(
    { id, buffer, length, groups }: Message,
    stamp: InboxStamp | undefined,
    key: AppendKey | undefined,
  ): Promise<AppendedMessage> {
    const outcome = stamp === undefined ? 'not-written' : 'unknown';
    const entry = {
      frames: new Uint8Array(buffer, 0, length),
      ...(groups && { groups: [...groups] }),
      ...(stamp ? { stamp } : key && { name: key.name }),
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
    this.#leader.tellOfInbox();
    const count = groups?.length ?? 1;
    const groupLsns = Array.from({ length: count }, () => 0);
    return { kind: 'appended', id, firstLsn: 0, groups: count, groupLsns };
  }
}

const closed = (outcome: Outcome): VarveError => new VarveError('CLOSED', undefined, { outcome });

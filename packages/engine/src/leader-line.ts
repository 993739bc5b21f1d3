/**
 * The way to whoever leads a store, for a context that can lead none.
 *
 * Always true:
 * - what is asked ends with the leader's answer, or as an absence ({@link isAbsence}) as soon as the
 *   store's lock is free, or when the leader was not heard for `leaderTimeoutMs`
 * - after an absence whatever else waited has ended so, too, and the next ask is a new client's
 */
import type { FolderlessHost } from '@varve/files';
import { isVarveError } from '@varve/protocol';
import type { LeadMessage, OpenRequest } from '@varve/protocol';
import { Assembly } from './assembly.ts';
import { ClientIdentity } from './client-identity.ts';
import { lockName } from './leadership.ts';
import { BEAT_MS, randomName } from './link.ts';
import { LogRelay } from './log-relay.ts';
import { Moved } from './relay.ts';

/** While something waits for a leader that is not heard: is anybody there at all? */
const LOOK_EVERY_MS = 100;
/** A leader that has something to say says it sooner, and one that has not, every beat. */
const QUIET_MS = 2 * BEAT_MS;

export type LineHost = FolderlessHost & Required<Pick<FolderlessHost, 'channels'>>;

export interface Line {
  readonly relay: LogRelay;
  readonly identity: ClientIdentity;
}

interface Asked extends Line {
  /** What is on its way. */
  waiting: number;
  isWatched: boolean;
}

export class LeaderLine {
  /** Nobody was there, and nobody has come since. */
  isAlone = false;
  readonly #host: LineHost;
  readonly #name: string;
  readonly #request: Pick<OpenRequest, 'durability' | 'leaderTimeoutMs'>;
  readonly #assembly: Assembly;
  #line: Asked | undefined;
  #isClosed = false;

  constructor(
    host: LineHost,
    name: string,
    request: Pick<OpenRequest, 'durability' | 'leaderTimeoutMs'>,
  ) {
    this.#host = host;
    this.#name = name;
    this.#request = request;
    this.#assembly = new Assembly(host.channels, name, randomName(host.random), (message) => {
      if (message.kind === 'lead') this.#line?.relay.link.meet(message satisfies LeadMessage);
      else if (message.kind === 'opening') this.#line?.relay.link.wait();
    });
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** @throws an absence, or what the leader throws */
  async ask<T>(question: (line: Line) => Promise<T>): Promise<T> {
    const line = (this.#line ??= this.#newLine());
    line.waiting++;
    void this.#watch(line);
    try {
      return await question(line);
    } catch (error) {
      if (!this.#isClosed && isAbsence(error)) this.#giveUp(line);
      throw error;
    } finally {
      line.waiting--;
    }
  }

  /** Nothing waits there: it goes if it is not needed, and comes back when it is. */
  release(reader: number): void {
    this.#line?.relay.release(reader);
  }

  tellOfInbox(): void {
    this.#assembly.tellOfInbox();
  }

  /** Whatever waits is told `reason`. */
  close(reason: unknown): void {
    this.#isClosed = true;
    this.#line?.relay.stop(reason);
    this.#assembly.close();
  }

  #newLine(): Asked {
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
        this.isAlone = false;
      },
      // For good: there is nobody for us.
      onRefused: () => {
        this.isAlone = true;
        relay.stop(new Moved());
      },
      onQuiet: () => undefined,
      onSilent: () => undefined,
    });
    return { relay, identity, waiting: 0, isWatched: false };
  }

  /** A free lock tells at once what else only a deadline would: there is no leader. */
  async #watch(line: Asked): Promise<void> {
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

  #giveUp(line: Asked): void {
    if (line !== this.#line || this.#isClosed) return;
    this.isAlone = true;
    this.#line = this.#newLine();
    line.relay.stop(new Moved());
  }
}

/** There is no leader for us, or none that answers; anything else is an answer. */
export function isAbsence(error: unknown): boolean {
  return (
    error instanceof Moved ||
    isVarveError(error, 'LEADER_UNRESPONSIVE') ||
    isVarveError(error, 'UNSUPPORTED_VERSION')
  );
}

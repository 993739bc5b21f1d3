/**
 * What else a store needs of its platform, passed in so that any failing run can be played again:
 * time, randomness, timers, locks, the witness, and the ways to other tabs.
 */
import type { Directory, FileView } from './port.ts';

/** What is used of an `AbortSignal`; spelled out because the floors below the edges have no DOM types. */
export interface Abort {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface Clock {
  /** Monotonic milliseconds; the zero is arbitrary. */
  nowMs(): number;
  /** Wall clock: milliseconds since 1970. May jump. */
  wallMs(): number;
}

export interface Random {
  /** Fills `bytes` with unpredictable bytes. */
  fill(bytes: Uint8Array): void;
}

export interface Timers {
  /**
   * Runs `task` once after `delayMs`; the returned function cancels it. Never keeps a process alive, but
   * with 0: that is the next turn of work under way.
   */
  after(delayMs: number, task: () => void): () => void;
}

export interface HeldLock {
  /** Gives the lock back. Idempotent. */
  release(): void;
  /** Resolves when the lock was taken away (stolen) or given back. */
  readonly lost: Promise<void>;
}

export interface Locks {
  /**
   * Waits for the exclusive lock `name`. With `ifAvailable` it does not wait: undefined when taken.
   * With `steal` it is taken from whoever holds it, whose `lost` resolves.
   * @throws the signal's reason when aborted
   */
  acquire(
    name: string,
    options?: { ifAvailable?: boolean; steal?: boolean; signal?: Abort },
  ): Promise<HeldLock | undefined>;
}

/**
 * A place where every context of the origin that knows the name hears what the others say there.
 * Messages of one sender arrive in order or not at all; a context that is frozen or gone hears nothing.
 */
export interface Channel {
  /**
   * To everybody else who listens. Structured-cloneable. What is in `transfer` may be given away, or
   * copied like the rest: who posts it does not use it again.
   */
  post(message: unknown, transfer?: ArrayBuffer[]): void;
  /** What is said goes to the other end by itself, not to whoever knows the name. */
  readonly isDirect?: boolean;
  /** Idempotent. Nothing is heard afterwards. */
  close(): void;
}

export interface Channels {
  open(name: string, hear: (message: unknown) => void): Channel;
  /** For two contexts alone, by a quicker way if there is one. Absent: `open`. */
  between?(name: string, hear: (message: unknown) => void): Channel;
}

/**
 * - `formatting`: the store's first name may exist; nothing was ever acknowledged
 * - `live`: acknowledgements were given; the store must be there
 * - `erasing`: the user asked for its end; what is left of it may be removed
 */
export type WitnessState = 'formatting' | 'live' | 'erasing';

export interface WitnessEntry {
  readonly state: WitnessState;
  /** The store's `seedId`, 32 hex digits. */
  readonly seedId: string;
  /** Highest LSN known durable when this was written (lazily: a lower bound). */
  readonly durableLsn: number;
  /** Wall clock of the first `live`, ms; 0 before. */
  readonly liveSinceMs: number;
}

/**
 * A second, independent place that remembers that a store exists. In a browser: IndexedDB with
 * `durability: 'strict'`. A write has reached stable storage when it resolves.
 */
export interface Witness {
  read(store: string): Promise<WitnessEntry | undefined>;
  write(store: string, entry: WitnessEntry): Promise<void>;
  remove(store: string): Promise<void>;
  /** Names of all stores that have an entry. */
  list(): Promise<string[]>;
}

/** Under which an append may have been sent to a leader: see `ClientStamp` of the journal. */
export interface InboxStamp {
  readonly client: string;
  readonly sequence: number;
  readonly sinceGeneration: number;
  readonly afterLsn?: number;
}

/** One append message that waits for a leader. */
export interface InboxEntry {
  /** Record frames, back to back. */
  readonly frames: Uint8Array;
  /** Byte length of each atomic group in `frames`; absent: all is one group. */
  readonly groups?: readonly number[];
  /** Absent: it was never sent to a leader, by nobody. */
  readonly stamp?: InboxStamp;
  /** Of a caller's key: who signs it signs it so. */
  readonly name?: Pick<InboxStamp, 'client' | 'sequence'>;
}

export interface InboxItem {
  readonly key: number;
  /** An `InboxEntry`, or whatever else somebody has put there. */
  readonly entry: unknown;
}

/** The most that waits for one store. */
export const INBOX_ENTRIES_MAX = 1_000;
export const INBOX_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Where appends wait, durably, while nobody leads. Any context of the origin puts; who leads takes.
 *
 * Always true:
 * - what a call has done has reached stable storage when it resolves; each does all of it or nothing
 * - keys ascend in the order of putting, and none is ever given twice: what removes an entry late
 *   removes no other
 */
export interface Inbox {
  /** False: there is no room for it, and nothing was put. */
  put(store: string, entry: InboxEntry): Promise<boolean>;
  /** The first `max` entries, in order. They stay. */
  take(store: string, max: number): Promise<readonly InboxItem[]>;
  /** Gives stamps to those of the entries that are there and have none. */
  sign(store: string, stamps: ReadonlyMap<number, InboxStamp>): Promise<void>;
  /** Keys that are not there are passed over. */
  remove(store: string, keys: readonly number[]): Promise<void>;
  clear(store: string): Promise<void>;
}

/** What there is also where no file can be opened. */
export interface FolderlessHost {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  readonly locks: Locks;
  /** Absent: nobody else can be reached, and a store belongs to whoever has it open. */
  readonly channels?: Channels;
  /** Absent: appends wait nowhere. */
  readonly inbox?: Inbox;
}

/** Where files cannot be opened, and can be looked at: a service worker, say. */
export interface ViewingHost extends FolderlessHost {
  readonly witness: Pick<Witness, 'read'>;
  /** Whether nobody holds the lock `name` now. Takes nothing. */
  isFree(name: string): Promise<boolean>;
  /** The file of a store's folder, or undefined when it is absent. */
  view(folder: string, file: string): Promise<FileView | undefined>;
}

/** Everything a store is given. `root` holds one folder per store. */
export interface Host extends FolderlessHost {
  readonly kind: 'opfs' | 'node' | 'memory' | 'simulated';
  readonly root: Directory;
  readonly witness: Witness;
  /** Resolves when every file that was closed so far was given back. Absent: that is so at once. */
  readonly closed?: () => Promise<void>;
  /**
   * Asks once, and in vain, for a file that another context has open. A page that went into the
   * back/forward cache is frozen with whatever it holds; the browser ends it when somebody else wants
   * its file, and for nothing else. A holder that runs notices nothing. Absent: there is no such cache.
   */
  readonly nudge?: (folder: string, file: string) => Promise<void>;
}

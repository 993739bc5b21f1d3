/**
 * What the journal offers to the floors above: one open store.
 *
 * `Store` (store.ts) implements it; the engine speaks it to pages, the Node entry uses it as it is.
 */
import type { Abort } from '@varve/files';
import type {
  BatchLayout,
  DamageRange,
  Durability,
  OpenRequest,
  StoreEvent,
  StoreLayout,
  StoreStatus,
  VarveError,
} from '@varve/protocol';

/** What a client asks for, as far as it concerns the journal. */
type AskedFor = Omit<
  OpenRequest,
  'fallback' | 'busyTimeoutMs' | 'leaderTimeoutMs' | 'checkpointEveryBytes' | 'maxBytes'
>;

export interface StoreOptions extends AskedFor {
  /** No file grows beyond it. */
  readonly maxBytes: number;
  /** Readers may hold back this many bytes of history from retirement. */
  readonly readerHoldBytes: number;
  readonly openUnitsMax: number;
  /** The log is verified in idle time, at this pace; false: never. */
  readonly scrub?: ScrubPace | false;
}

/** How the log is verified when nothing else is to be done. */
export interface ScrubPace {
  /** From the end of one pass to the beginning of the next. */
  readonly everyMs: number;
  /** Quiet time before the first slice. */
  readonly idleMs: number;
  readonly bytesPerSecond: number;
}

/**
 * Which message of which client an append is. A message that is sent again, to this leader or a later
 * one, keeps its stamp, and happens once.
 */
export interface ClientStamp {
  /** Drawn at random by the client: 16 hex digits, not all zero. Of a caller's key: what names it. */
  readonly client: string;
  /** The number of the message among those of this client: 1, 2, 3 … Of a key: what tells its records. */
  readonly sequence: number;
  /** The store's generation when the client first came to know it: what was forgotten earlier was not this client. */
  readonly sinceGeneration: number;
  /** The client has every answer up to this sequence: they need not be remembered. */
  readonly answeredTo: number;
  /** It may have been sent before. One that never was is appended, whatever has been forgotten. */
  readonly isRepeated: boolean;
  /**
   * Somebody was told that it is durable (in the inbox): it is appended even behind later messages of
   * its client, since losing it would be worse than its place.
   */
  readonly isOwed?: boolean;
  /** Of a key: this was durable when it was first sent, so it stands behind it. Absent: 0. */
  readonly afterLsn?: number;
}

export interface AppendRequest {
  /** Record frames (`@varve/protocol` record-frame), back to back. Copied before `append` returns. */
  readonly frames: Uint8Array;
  /**
   * Byte length of each atomic group in `frames`, in order. Absent: all is one group.
   * Groups of one request get LSNs without a gap, in order.
   */
  readonly groups?: ArrayLike<number>;
  readonly durability?: Durability;
  /** Compare-and-append; only with a single group. */
  readonly expect?: number;
  /** Absent: nobody will send it again. */
  readonly stamp?: ClientStamp;
}

export interface Appended {
  /** LSN of the first record; the others follow without a gap. */
  readonly firstLsn: number;
  readonly count: number;
  /** How many groups were appended: fewer than asked when one was refused (it and all after it). */
  readonly groups: number;
  /** Why the first refused group was refused; its `outcome` is `not-written`. */
  readonly refusal?: VarveError;
  /**
   * First LSN of each group. Only of a message that was sent again after part of it had happened, when
   * others have appended since: `firstLsn` is the first group's, and the groups do not follow each other.
   */
  readonly groupLsns?: readonly number[];
}

/** A run of records inside {@link Chunk.bytes}: consecutive frames with consecutive LSNs. */
export interface ChunkRun {
  readonly firstLsn: number;
  readonly count: number;
  readonly start: number;
  readonly end: number;
  readonly wallTimeMs: number;
}

/** Verified record frames, read in one go. */
export interface Chunk {
  /**
   * Owned by the caller (transferable): nothing else refers to its buffer. Views of it stay as they
   * are for as long as the caller likes, unless the buffer is given back (`ReadRequest.reuse`).
   */
  readonly bytes: Uint8Array;
  /** In reading order (ascending LSN, or descending runs with `reverse`; frames inside a run always ascend). */
  readonly runs: readonly ChunkRun[];
  /** The range was read to its end as of now. */
  readonly done: boolean;
}

export interface ReadRequest {
  /** Only LSNs greater than this. 0 = from the first that is there. */
  readonly after: number;
  /** Only LSNs smaller than this; absent: up to the visible end. */
  readonly before?: number;
  readonly reverse?: boolean;
  readonly visibility?: 'durable' | 'written';
  /** About how much to return, bytes. At least one batch is returned. */
  readonly maxBytes: number;
  /**
   * The buffer of an earlier chunk, given back: it may be written over and returned again, which saves
   * the work of a fresh one. Who gives it back looks at no view of it any more. Absent: a fresh buffer.
   */
  readonly reuse?: ArrayBufferLike;
}

/** A record written piece by piece. Nothing of it is visible before `commit` resolves. */
export interface UnitWriter {
  /** Resolves when more may be written (back-pressure). The bytes are copied before it returns. */
  write(bytes: Uint8Array): Promise<void>;
  commit(record: {
    readonly type: number;
    readonly channel: number;
    readonly durability?: Durability;
    readonly expect?: number;
    readonly stamp?: ClientStamp;
  }): Promise<number>;
  /** Idempotent. */
  abort(): void;
}

/** Keeps history from being retired while someone reads it, within the budget. */
export interface ReaderHold {
  /** Everything up to this LSN has been read. */
  advance(lsn: number): void;
  release(): void;
}

export interface StorePort {
  append(request: AppendRequest): Promise<Appended>;
  /** Undefined when the queue is past its high-water mark. */
  tryAppend(request: AppendRequest): Promise<Appended> | undefined;
  openUnit(): Promise<UnitWriter>;
  flush(): Promise<number>;

  /**
   * Synchronous: reads and verifies about `maxBytes` of frames.
   * @throws VarveError TRIMMED, CORRUPT, IO_ERROR, CLOSED
   */
  readChunk(request: ReadRequest): Chunk;
  /** Part of the payload of an external record (a unit), verified. `done` at its end. */
  readUnit(lsn: number, at: number, maxBytes: number): { bytes: Uint8Array; done: boolean };
  /** Resolves when a record beyond `after` is visible; rejects with the signal's reason, or CLOSED. */
  waitBeyond(after: number, visibility: 'durable' | 'written', signal?: Abort): Promise<void>;
  holdHistory(after: number): ReaderHold;

  /** Stores `state` as what records up to `upTo` amount to. */
  checkpoint(state: Uint8Array, upTo: number): Promise<void>;
  /** The last checkpoint's state. */
  readState(): { state: Uint8Array; coveredLsn: number } | undefined;
  trim(before: number): Promise<void>;

  status(): StoreStatus;
  layout(): StoreLayout;
  batches(slot: number): BatchLayout[];
  /** A consistent image of the journal file up to the durable end, in order, in pieces. */
  exportImage(): AsyncIterableIterator<Uint8Array>;
  /** Everything that verifies from the first slot on, with what is missing. */
  salvage(): Iterable<Chunk | DamageRange>;
  /** Flushes, writes a clean superblock, gives the file and the lock back. Idempotent. */
  close(): Promise<void>;
  /** Gives the file back at once, unflushed: as a crash would. For page freezes and tests. */
  abandon(): void;
  onEvent: (event: StoreEvent) => void;
}

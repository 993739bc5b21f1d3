/**
 * The raw port: appends, reads and tails. Nothing here goes through comlink (it doubles a call).
 *
 * Always true:
 * - every request with an `id` gets exactly one answer with that `id`, or the connection ends
 * - the buffer of an append that succeeded goes back with its answer, to be used again; unless it is so
 *   small that it was cloned (`CLONED_BYTES_MAX`)
 * - the engine sends chunks only when asked: what is under way is bounded by the asking side
 */
import type { Port } from './port.ts';
import type { Durability, StoreEvent, StoreStatus } from './status.ts';
import type { WireError } from './wire-error.ts';

/** Raised when a message changes its meaning; both sides must speak the same. */
export const PROTOCOL_VERSION = 4;

/**
 * An append message never exceeds this, and a record larger than this is not put together in memory:
 * what can be appended as a value can be read as one. Larger records are streams.
 */
export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
/** The buffer of a smaller append is cloned: giving it away and back takes longer. */
export const CLONED_BYTES_MAX = 4096;
/** The most that one read may ask for. */
export const CHUNK_BYTES_MAX = 4 * 1024 * 1024;
/** The memory of one ring: what one look into it can find is bounded by it. */
export const RING_MEMORY_BYTES_MAX = 1024 * 1024;
/** After so many malformed messages in a row the connection is dropped. */
export const STRIKES_MAX = 5;

export type Visibility = 'durable' | 'written';

/** The first message to a worker; it brings both ports. `port` types differ per platform. */
export interface Hello<P> {
  readonly kind: 'varve:hello';
  readonly version: number;
  readonly control: P;
  /** Absent: data goes through the worker's own channel, which this client has to itself. */
  readonly data?: P;
}

/**
 * Record frames of one or more appends; the answer's LSNs are contiguous. Messages get their LSNs in
 * the order in which they are sent: that is what keeps appends in the order of their calls.
 */
export interface AppendMessage {
  readonly kind: 'append';
  readonly id: number;
  readonly buffer: ArrayBuffer;
  /** Bytes of `buffer` that hold frames. */
  readonly length: number;
  /** Byte length of each atomic group; undefined: one group. */
  readonly groups?: Uint32Array | undefined;
  readonly durability?: Durability | undefined;
  readonly expect?: number | undefined;
  /** An open sink (`openUnit`) that ends here: the one frame, without a payload, is of its record. */
  readonly stream?: number | undefined;
  /** The caller's own name for this append, which is alone in its message. Checked by the engine. */
  readonly key?: string | Uint8Array | undefined;
}

export interface ReadMessage {
  readonly kind: 'read';
  readonly id: number;
  /** The client's number of this reader: the engine holds history for it until `release`. */
  readonly reader: number;
  readonly after: number;
  readonly before?: number | undefined;
  readonly reverse?: boolean | undefined;
  readonly visibility?: Visibility | undefined;
  readonly maxBytes: number;
  /** When nothing is there yet, answer as soon as something is. */
  readonly wait?: boolean | undefined;
}

/** Part of a record too large for a batch. */
export interface UnitMessage {
  readonly kind: 'unit';
  readonly id: number;
  readonly lsn: number;
  readonly at: number;
  readonly maxBytes: number;
}

/** Ends a reader: its hold on history, and its request if one is waiting. */
export interface ReleaseMessage {
  readonly kind: 'release';
  readonly reader: number;
}

/**
 * Two rings in shared memory (`ring-entries.ts`), appends there and answers back; answered `ring`,
 * and from then on used. An append goes by ring only while none that went by message is unanswered,
 * and the engine takes what is in the ring before it looks at a message: their order is kept.
 */
export interface RingMessage {
  readonly kind: 'ring';
  readonly appends: SharedArrayBuffer;
  readonly answers: SharedArrayBuffer;
}

/** The way to whoever introduces the contexts of an origin to each other: links may go by port then. */
export interface IntroducerMessage {
  readonly kind: 'introducer';
  readonly port: Port;
}

export type ToEngine =
  | AppendMessage
  | ReadMessage
  | UnitMessage
  | ReleaseMessage
  | RingMessage
  | IntroducerMessage;

/** The engine's first message, also to a client whose version it does not speak. */
export interface HelloAnswer {
  readonly kind: 'hello';
  readonly version: number;
  /** Name of a Web Lock that the worker holds as long as it lives. */
  readonly lifeLock?: string;
}

export interface AppendedMessage {
  readonly kind: 'appended';
  readonly id: number;
  readonly firstLsn: number;
  /** How many groups were appended: fewer than sent when one was refused (it and all after it). */
  readonly groups: number;
  /** Why the first refused group was refused. */
  readonly refusal?: WireError;
  /**
   * First LSN of each group: after a failover the groups of a message need not follow each other.
   * Absent: they do.
   */
  readonly groupLsns?: readonly number[] | undefined;
  /** Given back; absent: it was cloned. */
  readonly buffer?: ArrayBuffer;
}

/** Records with consecutive LSNs, written together. */
export interface RunMessage {
  readonly firstLsn: number;
  readonly count: number;
  readonly wallTimeMs: number;
}

/** Words for each record in {@link Records.heads}. */
export const HEAD_WORDS = 4;

/** Verified records. The engine walked the frames already: nobody else needs to know how. */
export interface Records {
  /** Whoever receives them owns them: nothing else refers to their buffer. */
  readonly bytes: Uint8Array;
  /** In reading order: ascending, or all of them and the records inside descending. */
  readonly runs: readonly RunMessage[];
  /**
   * For each record in reading order: type, channel, and where in `bytes` its payload starts and ends;
   * both 0: it lies elsewhere (`unit`).
   */
  readonly heads: Uint32Array;
}

export interface ChunkMessage extends Records {
  readonly kind: 'chunk';
  readonly id: number;
  readonly done: boolean;
}

export interface UnitBytesMessage {
  readonly kind: 'bytes';
  readonly id: number;
  readonly bytes: Uint8Array;
  readonly done: boolean;
}

export interface FailedMessage {
  readonly kind: 'failed';
  readonly id: number;
  readonly error: WireError;
}

/** An event as applications hear it: its name, and what it is about. */
export interface ToldEvent {
  readonly type: Exclude<StoreEvent['type'], 'closed'>;
  readonly detail: unknown;
}

/** Unasked, at most every few ms: the store's status, and what happened. */
export interface StatusMessage {
  readonly kind: 'status';
  readonly status: StoreStatus;
  readonly events: readonly ToldEvent[];
  /** A checkpoint is due by bytes on disk. */
  readonly checkpointDue: boolean;
}

/** Something arrived that is no message; without an `id` nobody waits for an answer. */
export interface RefusedMessage {
  readonly kind: 'refused';
  readonly error: WireError;
  /** The connection ends with this message. */
  readonly dropped: boolean;
}

/** The rings that were offered are served. */
export interface RingAnswer {
  readonly kind: 'ring';
}

export type ToClient =
  | HelloAnswer
  | RingAnswer
  | AppendedMessage
  | ChunkMessage
  | UnitBytesMessage
  | FailedMessage
  | StatusMessage
  | RefusedMessage;

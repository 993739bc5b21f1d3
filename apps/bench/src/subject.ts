/**
 * A subject: one thing that stores records, measured from one kind of caller.
 *
 * Always true:
 * - a session's promise (or its return, where it is synchronous) means: as durable as the subject says
 * - records are owned by the work and may be used again at once after an operation ended
 * - every subject is used the way its own good user would use it: no straw men
 */

/** Which thread calls, and so what an operation's time includes. */
export type Caller = 'page' | 'worker' | 'node';

export type SubjectKind =
  /** A bare file: what the platform itself costs. The yardstick of its caller. */
  | 'raw'
  | 'varve'
  /** The same two over a file that does nothing: what is left is the processor's and the messages'. */
  | 'raw-null'
  | 'varve-null'
  | 'peer';

/** Where a session may keep its data, and what the work will ask of it. */
export interface Place {
  /** Unique within the run; a plain name. */
  readonly name: string;
  /** Segment size for subjects that have segments, bytes. */
  readonly segmentSizeBytes: number;
  /** History beyond this may go, so that its space is used again; absent: all is kept. */
  readonly keepBytes?: number;
  /** A folder, in Node only. */
  readonly folder?: string;
}

export interface Replayed {
  readonly records: number;
  /** Sum of every record's first byte: shows that each value was really looked at. */
  readonly touched: number;
}

export type Outcome = Promise<unknown> | void;

export interface Session {
  /** One record, durable. */
  append(record: Uint8Array): Outcome;
  /** One atomic batch, durable. */
  appendBatch(records: readonly Uint8Array[]): Outcome;
  /**
   * What several callers want at the same moment, at this subject's best: one flush for all.
   * Absent: the work issues them one by one, and the subject groups them by itself or not.
   */
  together?(batches: readonly (readonly Uint8Array[])[]): Outcome;
  /** Every record there is, in order. */
  replay(): Promise<Replayed>;
  /** The first byte of one record, counted from 0. Absent: point reads are not measured. */
  get?(at: number): Promise<number> | number;
  /** A bare file: as many bytes, but not those of the records. */
  readonly holdsNoRecords?: boolean;
  /** Bytes as they are, durable: what a transport is measured over. */
  write?(bytes: Uint8Array): void;
  /** Flushes since it was opened; null where the platform does not show them. */
  flushes(): Promise<number | null>;
  /** Bytes that the storage holds now; null where the platform does not show them. */
  storedBytes(): Promise<number | null>;
  /** Lets go of everything as a crash would, and opens again. Absent: opening is not measured. */
  reopen?(): Promise<void>;
  /** Closes and removes everything. */
  destroy(): Promise<void>;
}

export interface SubjectFacts {
  readonly id: string;
  readonly title: string;
  readonly kind: SubjectKind;
  readonly caller: Caller;
  /** What is true when an append has ended. */
  readonly promise: 'flushed' | 'written' | 'nothing';
  /** What a replay hands out. */
  readonly reads: 'view' | 'copy';
  /** Whether values are bytes as they were stored, or went through a codec. */
  readonly values: 'raw' | 'decoded';
  /** Work this subject has nothing to say about (ids). */
  readonly skips?: readonly string[];
  /** Only this work (ids). */
  readonly only?: readonly string[];
  /** Left out of quick runs unless it is named. */
  readonly extra?: boolean;
  /** Sessions have `reopen`. */
  readonly reopens?: boolean;
  /** Sessions have `get`. */
  readonly gets?: boolean;
}

export interface Subject extends SubjectFacts {
  open(place: Place): Promise<Session>;
}

/**
 * What a volume offers to the floors above: one open chunk device with writable snapshots.
 *
 * Always true:
 * - a call that resolves is durable: what it did survives every crash that the store survives
 * - a call that rejects with `outcome: 'not-written'` did nothing; with `'unknown'` look before repeating
 * - effects are visible to reads in the order of the calls, before they are durable; one that waits (for
 *   a checkpoint, or a restore) once it has begun: `inOrder` waits for that
 * - bytes handed in are copied, or used up, before the call returns
 */
import type { Abort } from '@varve/files';
import type {
  ByteRange,
  CheckReport,
  ChunkState,
  Finding,
  FindingKind,
  Progress,
  SnapshotInfo,
  StoreEvent,
  VolumeCounters,
  VolumeMetadata,
  VolumeStatus,
  WorkInProgress,
} from '@varve/protocol';

export type {
  ByteRange,
  CheckReport,
  ChunkState,
  Finding,
  FindingKind,
  Progress,
  SnapshotInfo,
  VolumeCounters,
  VolumeMetadata,
  VolumeStatus,
  WorkInProgress,
};

export interface VolumeOptions {
  /** Needed to make a volume. One that exists has its own, which `resize` changes. */
  readonly sizeBytes?: number;
  /** Power of two, 512 to 65,536. Fixed when the volume is made: later it must agree, or be absent. Default 4,096. */
  readonly chunkSizeBytes?: number;
  /** The most the chunk pool takes on disk. Default: bounded by the quota alone. */
  readonly capacityBytes?: number;
  /** False: reject `NOT_FOUND` when the volume does not exist. Default true. */
  readonly create?: boolean;
  /** Share equal chunks when they are written. Default false. */
  readonly dedup?: boolean;
  /** Of the journal: a power of two, 4 KiB to 64 MiB. Default 4 MiB. */
  readonly segmentSizeBytes?: number;
  /** Of the journal: 4,096 keeps what was written apart from sectors that a crash may damage. Default 16. */
  readonly alignmentBytes?: 16 | 4096;
  /** A checkpoint is made when so much was journalled since the last, or waits in quarantine. Default 16 MiB. */
  readonly checkpointEveryBytes?: number;
  /** Clean metadata blocks kept in memory. Default 8 MiB. */
  readonly cacheBytes?: number;
  /** Whole fresh chunks of a call go straight to the pool from this many bytes on. Default 64 KiB. */
  readonly directBytes?: number;
  /** How many exceptions one step of a deletion or restore visits. Default 256. */
  readonly stepExceptions?: number;
}

/** A snapshot's name; absent: the origin. */
export type ViewName = string;

export type AtomicOp =
  | { readonly write: { readonly at: number; readonly bytes: Uint8Array } }
  | { readonly trim: { readonly at: number; readonly length: number } };

/** The signal ends the waiting, never the work: that goes on, also after a crash. */
export interface WorkOptions {
  readonly signal?: Abort;
  readonly onProgress?: (progress: Progress) => void;
}

export interface WriteOptions {
  /** A snapshot to write to; absent: the origin. */
  readonly view?: ViewName;
  /** Before the write is planned it stops it; afterwards it only ends the waiting (outcome unknown). */
  readonly signal?: Abort;
}

export interface ReadOptions {
  readonly at: number;
  readonly view?: ViewName;
  /** False: digests are not looked at. Default true. */
  readonly verify?: boolean;
}

export interface CheckOptions extends WorkOptions {
  /** Read every chunk and compare its digest. Default true. */
  readonly data?: boolean;
}

export type VolumeEvent =
  | { readonly type: 'checkpointed'; readonly lsn: number }
  | { readonly type: 'work'; readonly work: WorkInProgress }
  | { readonly type: 'work-done'; readonly kind: 'delete' | 'restore'; readonly name: string }
  | { readonly type: 'reloaded'; readonly replayedRecords: number }
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'store'; readonly event: StoreEvent };

export interface Volume {
  /**
   * All of it or nothing, durable when it resolves.
   * @throws VarveError BAD_ARGUMENT, VOLUME_FULL, NOT_FOUND (the view), IO_ERROR, POISONED, CLOSED
   */
  write(at: number, bytes: Uint8Array, options?: WriteOptions): Promise<void>;
  /** All ops or none, in order. */
  atomic(ops: readonly AtomicOp[], options?: WriteOptions): Promise<void>;
  /** The range reads as zeros afterwards; whole chunks of it take no space. */
  trim(at: number, length: number, options?: WriteOptions): Promise<void>;
  /**
   * Looks at once; or, while changes wait, in its turn: when all that came before has begun, and nothing
   * that came later.
   */
  inOrder<T>(look: () => T | Promise<T>): T | Promise<T>;
  /**
   * Fills `buffer` from byte `at`; returns the bytes read (fewer only at the view's end). Up to 1 MiB is
   * one synchronous read. More goes in slices of 1 MiB, each of which sees the view as it is then:
   * writes go on in between, and a snapshot that is deleted meanwhile ends the read with NOT_FOUND.
   * @throws VarveError CORRUPT {view, chunk}: `buffer` holds zeros in the place of that chunk
   */
  readInto(buffer: Uint8Array, options: ReadOptions): number | Promise<number>;

  /** O(1). @throws VarveError SNAPSHOT_EXISTS, SNAPSHOT_LIMIT */
  snapshot(name: string): Promise<SnapshotInfo>;
  /** In order of creation; those being deleted are not among them. */
  snapshots(): SnapshotInfo[];
  /** The name is gone at once; resolves when its space is free (after the next checkpoint). */
  deleteSnapshot(name: string, options?: WorkOptions): Promise<void>;
  /** The origin is as the snapshot from the call on; resolves when the maps are settled. */
  restore(name: string, options?: WorkOptions): Promise<void>;
  /** Ranges in which `to` (absent: the origin) differs from `from` (absent: the origin), ascending. */
  diff(from?: ViewName, to?: ViewName): IterableIterator<ByteRange>;
  resize(sizeBytes: number): Promise<void>;

  /**
   * Could it have been opened with these, too? What was not given fits.
   * @throws VarveError BAD_ARGUMENT (out of range, another geometry, `dedup` the other way)
   */
  checkFits(options: VolumeOptions): void;

  /** Resolves when everything issued so far is durable. */
  flush(): Promise<void>;
  /** Everything in the journal is applied, and need not be replayed. */
  checkpoint(): Promise<void>;
  check(options?: CheckOptions): Promise<CheckReport>;
  status(): VolumeStatus;
  /** States of `count` chunks from `first` on. */
  map(first: number, count: number): ChunkState[];
  /**
   * Of the metadata as many blocks as `count` from the number `first` on, and what else a picture of it
   * needs. All maps are walked through in one go; a damaged block is told as one.
   */
  metadata(first: number, count: number): VolumeMetadata;
  /** Checkpoints and gives the files back. Idempotent. */
  close(): Promise<void>;
  /** Gives the files back at once: as a crash would. */
  abandon(): void;
  onEvent: (event: VolumeEvent) => void;
}

/**
 * What an application sees of a volume. The same in a page (`varve/volume`) and in Node.
 *
 * Units: places and sizes in bytes, times in milliseconds.
 */
import type { Transport } from './api.ts';
import type {
  ByteRange,
  CheckReport,
  ChunkState,
  Finding,
  FindingKind,
  HeldSnapshot,
  MetadataBlock,
  Progress,
  SnapshotInfo,
  VolumeCounters,
  VolumeLocks,
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
  HeldSnapshot,
  MetadataBlock,
  Progress,
  SnapshotInfo,
  VolumeCounters,
  VolumeLocks,
  VolumeMetadata,
  VolumeStatus,
  WorkInProgress,
};

export interface OpenVolumeOptions {
  /** Needed to make a volume. Of one that exists it must agree, or be left out. */
  sizeBytes?: number;
  /** A power of two from 512 to 65,536, fixed when the volume is made. Default 4,096. */
  chunkSizeBytes?: number;
  /** The most that its chunks take on disk, snapshots included. Default: as much as the quota allows. */
  capacityBytes?: number;
  /** False: reject `NOT_FOUND` when there is no such volume. Default true. */
  create?: boolean;
  /** Equal chunks are kept once. Costs memory and a comparison a chunk written. Default false. */
  dedup?: boolean;
  /** Of its journal. Default 4 MiB. */
  segmentSizeBytes?: number;
  /** After so much was journalled a checkpoint is made: more to replay after a crash, fewer writes. Default 16 MiB. */
  checkpointEveryBytes?: number;
  /** Memory for metadata. Default 8 MiB. */
  cacheBytes?: number;
  /** From so many bytes on, fresh chunks go to their place at once, not through the journal. Default 64 KiB. */
  directBytes?: number;
  /** In memory, where storage is refused: nothing outlives the page. Default: reject `STORAGE_DENIED`. */
  fallback?: 'memory';
  /** How long opening waits for another tab to answer, or another process to let go of it. Default 5,000. */
  busyTimeoutMs?: number;
  /** How long a call waits for the tab that has the volume when that is not heard. Default 10,000. */
  leaderTimeoutMs?: number;
  /** After so long a call rejects `TIMEOUT`. Default 30,000. */
  deadlineMs?: number;
  signal?: AbortSignal;
}

export interface OpenPageVolumeOptions extends OpenVolumeOptions {
  /** The script `varve/volume-worker`, where a bundler cannot find it by itself. */
  worker?: Worker | (() => Worker);
  /** `ports()` of `varve/ports`: what goes to the tab that has the volume goes by port. Default: by `BroadcastChannel`. */
  transport?: Transport | undefined;
}

/** Aborting ends the waiting; of what was sent the outcome is then `unknown`. */
export interface CallOptions {
  signal?: AbortSignal;
}

export interface VolumeReadOptions extends CallOptions {
  /** False: digests of the chunks are not compared. Default true. */
  verify?: boolean;
}

/** Aborting ends the waiting, never the work: that goes on, and is resumed after a crash. */
export interface WorkOptions extends CallOptions {
  onProgress?: (progress: Progress) => void;
}

/** What an atomic group is put together from. Nothing is sent before the group is complete. */
export interface Transaction {
  /** The bytes are copied. */
  write(at: number, bytes: Uint8Array): void;
  trim(at: number, length: number): void;
}

/**
 * The volume itself, or one of its snapshots.
 *
 * Calls take effect in their order, whether they are awaited or not; reads see what was issued before
 * them. What a crash leaves is a prefix of the calls, with all that was acknowledged, each whole.
 */
export interface VolumeView {
  /**
   * All of it or nothing, at most 64 MiB; durable when it resolves. The bytes are copied before it returns.
   * @throws BAD_ARGUMENT, VOLUME_FULL, QUOTA_EXCEEDED, NOT_FOUND, IO_ERROR, POISONED, CLOSED, TIMEOUT;
   * LEADER_LOST, `unknown`: another tab had the volume and ended before it answered; what it did not do
   * it never will; LEADER_UNRESPONSIVE, `unknown`: it may yet, before whatever this tab asks next
   */
  write(at: number, bytes: Uint8Array, options?: CallOptions): Promise<void>;
  /** The range reads as zeros afterwards; whole chunks of it take no space. */
  trim(at: number, length: number, options?: CallOptions): Promise<void>;
  /**
   * Everything that `work` puts into the group, or nothing; one flush. Nothing at all if it throws.
   * What comes to `tx` after `work` has ended throws CLOSED: it would be lost.
   */
  atomic<T>(work: (tx: Transaction) => T | Promise<T>, options?: CallOptions): Promise<T>;
  /** @throws CORRUPT with the chunk, when it is not what was written: nothing of it is served */
  read(at: number, length: number, options?: VolumeReadOptions): Promise<Uint8Array>;
  /** Fills `buffer`; resolves with the bytes read, fewer only at the end of the volume. */
  readInto(buffer: Uint8Array, options: VolumeReadOptions & { at: number }): Promise<number>;
}

/** A snapshot: it can be written to like the volume, and neither sees the other's writes. */
export interface Snapshot extends VolumeView, SnapshotInfo {}

export interface Volume extends VolumeView {
  readonly name: string;
  /** O(1), whatever the size. @throws SNAPSHOT_EXISTS, SNAPSHOT_LIMIT (64) */
  snapshot(name: string, options?: CallOptions): Promise<Snapshot>;
  /** In the order of their making. */
  snapshots(): Promise<Snapshot[]>;
  /**
   * The name is gone at once; resolves when nothing of it is left. Failed three times in a row it rejects,
   * `unknown`, and goes on after the next checkpoint, with the next deletion, or when it is opened again.
   */
  deleteSnapshot(name: string, options?: WorkOptions): Promise<void>;
  /** From the call on the volume is as the snapshot; resolves when its maps are settled. */
  restore(name: string, options?: WorkOptions): Promise<void>;
  /** Where `to` differs from `from`, ascending; the volume itself where one is left out. From metadata alone. */
  diff(from?: string, to?: string): AsyncIterableIterator<ByteRange>;
  resize(sizeBytes: number): Promise<void>;
  /** Resolves when everything issued so far is durable. */
  flush(): Promise<void>;
  /** Nothing of the journal need be replayed at the next opening. */
  checkpoint(): Promise<void>;
  /** Verifies trees, counts and, unless `data` is false, every chunk. Findings are told, nothing is mended. */
  check(options?: WorkOptions & { data?: boolean }): Promise<CheckReport>;
  status(): Promise<VolumeStatus>;
  /** Of `count` chunks (at most 65,536) from the chunk `first` on. */
  map(first: number, count: number): Promise<readonly ChunkState[]>;
  /**
   * Its metadata as it stands: for tools, which know what docs/VOLUMES.md says of the bytes. All maps are
   * walked through; more than 1,024 blocks are of several moments. What is damaged is told as that.
   */
  metadata(): Promise<VolumeMetadata>;
  /** Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

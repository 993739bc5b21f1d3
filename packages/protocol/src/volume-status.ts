/** What a volume tells of itself. Sizes and offsets in bytes. */
import type { StoreStatus } from './status.ts';

export interface SnapshotInfo {
  readonly name: string;
  /** Wall clock, ms since 1970. */
  readonly createdAtMs: number;
  /** LSN of the record that made it. */
  readonly lsn: number;
  /** Size of the volume as this snapshot sees it. */
  readonly sizeBytes: number;
}

export interface ByteRange {
  readonly at: number;
  readonly length: number;
}

export interface Progress {
  readonly done: number;
  readonly total: number;
}

export type FindingKind =
  | 'block-damaged'
  | 'tree-order'
  | 'tree-shape'
  | 'mask-unknown-snapshot'
  | 'mask-overlap'
  | 'reference-count'
  | 'free-count'
  | 'out-of-range'
  | 'meta-leak'
  | 'meta-shared'
  | 'chunk-digest';

export interface Finding {
  readonly kind: FindingKind;
  readonly message: string;
  readonly facts: Readonly<Record<string, string | number>>;
}

export interface CheckReport {
  readonly ok: boolean;
  /** At most 1,000; `findingsTotal` counts all. */
  readonly findings: readonly Finding[];
  readonly findingsTotal: number;
  readonly chunks: number;
  readonly exceptions: number;
  readonly metaBlocks: number;
  readonly chunksVerified: number;
}

/** Bytes written since the volume was opened, by where and why. */
export interface VolumeCounters {
  /** What callers handed in. */
  readonly writtenBytes: number;
  /** Records handed to the journal (framing of the journal itself not counted). */
  readonly journalBytes: number;
  /** Straight to the pool, and later by applying images. */
  readonly dataDirectBytes: number;
  readonly dataAppliedBytes: number;
  readonly metaBytes: number;
  readonly dataFlushes: number;
  readonly metaFlushes: number;
  readonly checkpoints: number;
  /** Values that snapshots kept because the origin changed. */
  readonly redirects: number;
  readonly dedupHits: number;
}

export type WorkInProgress =
  | {
      readonly kind: 'delete';
      readonly name: string;
      readonly done: number;
      readonly total: number;
    }
  | {
      readonly kind: 'restore';
      readonly name: string;
      readonly done: number;
      readonly total: number;
    };

export interface VolumeStatus {
  readonly name: string;
  readonly state: 'open' | 'reloading' | 'failed' | 'closed';
  /** Whether this tab has the files, or asks the one that does. */
  readonly role: StoreStatus['role'];
  /** Counts the leaders, over all tabs and for ever. */
  readonly generation: number;
  readonly sizeBytes: number;
  readonly chunkSizeBytes: number;
  /** Chunks of the pool: the most there can be, in use, free, waiting for a checkpoint to be free. */
  readonly capacityChunks: number;
  readonly usedChunks: number;
  readonly freeChunks: number;
  readonly quarantinedChunks: number;
  readonly snapshots: number;
  readonly exceptions: number;
  readonly metaBlocks: { readonly used: number; readonly free: number; readonly dirty: number };
  readonly cache: { readonly bytes: number; readonly hits: number; readonly misses: number };
  readonly journalBytesSinceCheckpoint: number;
  /** LSN that the last checkpoint covers. */
  readonly checkpointLsn: number;
  readonly overlayChunks: number;
  readonly work: readonly WorkInProgress[];
  readonly counters: VolumeCounters;
  readonly store: StoreStatus;
}

/** One chunk in the demo's map. */
export interface ChunkState {
  /** What the origin has there. */
  readonly origin: 'hole' | 'own' | 'shared';
  /** Distinct values of this chunk over all views. */
  readonly versions: number;
  /** Bit mask of the snapshots that do not see the origin's value: bits 0–31, 32–63. */
  readonly exceptLow: number;
  readonly exceptHigh: number;
}

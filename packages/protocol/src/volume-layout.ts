/**
 * A volume's metadata: as it is told by who has it open, and what a tool makes of it to draw it.
 *
 * Always true: it is plain data, and of the same shape from a volume that is open and from one whose
 * files a tool looks at.
 */
import type { SnapshotInfo } from './volume-status.ts';

/** A block of a map, as docs/VOLUMES.md draws it. */
export interface MetadataBlock {
  /** 1 origin, 2 references, 3 exceptions. */
  readonly kind: number;
  /** 0: a leaf; above it nodes. */
  readonly level: number;
  /** It is for the chunks in `[from, to)`; of the references, for physical ones. */
  readonly from: number;
  readonly to: number;
  /** Where it stands in the metadata file, in blocks. 0: changed since the checkpoint, so only in memory. */
  readonly place: number;
  /** Null: it does not verify. */
  readonly bytes: Uint8Array | null;
}

export interface VolumeMetadata {
  /** Map by map, every node before what lies below it; nothing of what lies below a damaged one. */
  readonly blocks: readonly MetadataBlock[];
  /** How many there are, told here or not. */
  readonly blocksTotal: number;
  readonly sizeBytes: number;
  readonly chunkSizeBytes: number;
  /** Physical chunks that were ever given out. */
  readonly extentChunks: number;
  /** Physical chunks let go of since the checkpoint. */
  readonly quarantine: readonly number[];
  /** Places up to here were used at some time. */
  readonly placesEnd: number;
  /** Places in use that no block told here has: free after the next checkpoint. */
  readonly placesLeft: readonly number[];
  /** In order of their making; those being deleted come last. */
  readonly snapshots: readonly HeldSnapshot[];
  /** Null: of files, not of a volume that is open. */
  readonly locks: VolumeLocks | null;
}

export interface HeldSnapshot extends SnapshotInfo {
  readonly bit: number;
  /** Being deleted. */
  readonly isDying: boolean;
}

/** One block of a map. */
export interface BlockLayout {
  /** 0: a leaf; above it nodes. */
  readonly level: number;
  /** It is for the chunks in `[from, to)`; of the references, for physical ones. */
  readonly from: number;
  readonly to: number;
  /** Where it stands in the metadata file, in blocks. 0: changed since the checkpoint, so only in memory. */
  readonly place: number;
  /** Of a node: blocks below it. Of a leaf: chunks that it has something for. */
  readonly entries: number;
  /** Of a leaf: values of those chunks. Of the exceptions a chunk may have several. */
  readonly values: number;
  /**
   * Values that more than one view sees; of the references, to which more than one entry refers. Of the
   * origin there may be more of them where a block of the exceptions is damaged.
   */
  readonly shared: number;
  /** Of its room, 0 to 1. */
  readonly fill: number;
  /** It does not verify: nothing of it counts, and what lies below it is not known. */
  readonly isDamaged: boolean;
}

export interface MapLayout {
  /** Levels; 0: it has no block. */
  readonly height: number;
  /** Blocks that do not verify; what lies below them is not in the list. */
  readonly damaged: number;
  /** Every node before what lies below it. */
  readonly list: readonly BlockLayout[];
}

export interface PoolLayout {
  /** Physical chunks that were ever given out. */
  readonly extentChunks: number;
  /**
   * A character for each physical chunk, at most 16,777,216: `.` free · `o` the origin's alone · `s` of
   * snapshots alone · `+` of the origin and of snapshots, or of several equal chunks · `q` in quarantine
   * until the next checkpoint · `?` not known, as a block is damaged.
   */
  readonly uses: string;
}

export interface SnapshotLayout extends HeldSnapshot {
  /** Chunks that it alone has: what its deletion frees, if no equal chunk shares them. */
  readonly ownChunks: number;
}

/** A volume has no lock on a range: what there is of locks. The files are held by whoever leads. */
export interface VolumeLocks {
  /** Changes wait: for the end of a checkpoint, a restore, or the volume's being loaded anew. */
  readonly isHeld: boolean;
  /** How many of them. */
  readonly waiting: number;
  /** Reads of more than 1 MiB that are under way. They hold nothing back: each slice finds its chunks anew. */
  readonly longReads: number;
}

export interface VolumeLayout {
  readonly maps: Readonly<Record<'origin' | 'references' | 'exceptions', MapLayout>>;
  readonly pool: PoolLayout;
  /**
   * A character for each place of the metadata file from place 1 on: `.` free · `o` `r` `e` a block of
   * the origin's map, the references, the exceptions · `x` left, free after the next checkpoint ·
   * `?` not known, as a block is damaged.
   */
  readonly places: string;
  /** In order of their making; those being deleted come last. */
  readonly snapshots: readonly SnapshotLayout[];
  /** Null: told of files, not of a volume that is open. */
  readonly locks: VolumeLocks | null;
}

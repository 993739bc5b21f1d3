/**
 * What stands in a volume's metadata, told so that it can be drawn.
 *
 * Always true: it is plain data, and of the same shape from a volume that is open and from one whose
 * files a tool looks at.
 */
import type { SnapshotInfo } from './volume-status.ts';

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
  /** All that can be met: what lies below a damaged one is not counted. */
  readonly blocks: number;
  /** Of them those that do not verify. */
  readonly damaged: number;
  /** Every node before what lies below it; the first so many as were asked for. */
  readonly list: readonly BlockLayout[];
}

export interface PoolLayout {
  /** Physical chunks that were ever given out. */
  readonly extentChunks: number;
  /** Where `uses` begins. */
  readonly first: number;
  /**
   * A character for each physical chunk from `first` on: `.` free · `o` the origin's alone · `s` of
   * snapshots alone · `+` of the origin and of snapshots, or of several equal chunks · `q` in quarantine
   * until the next checkpoint · `?` not known, as a block is damaged.
   */
  readonly uses: string;
}

export interface SnapshotLayout extends SnapshotInfo {
  readonly bit: number;
  /** Being deleted. */
  readonly isDying: boolean;
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

/** How much of it is told; the rest is counted all the same. */
export interface LayoutWindow {
  /** The most blocks of each map. */
  readonly blocks: number;
  /** Physical chunks, from `first` on; and the most places. */
  readonly first: number;
  readonly count: number;
}

/** What a run yields: one result per subject and work, as it stands in the JSON file. Times in µs. */
import type { SubjectFacts } from './subject.ts';
import type { WorkFacts } from './work.ts';

export interface Measured {
  /** Per unit, one figure a block, in the order of the rounds. */
  readonly blocksUs: readonly number[];
  /** Single operations. */
  readonly p50Us: number;
  readonly p95Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  /** Single operations timed. */
  readonly samples: number;
  readonly units: number;
  /** Counted while the blocks ran; null where the platform does not show them. */
  readonly flushes: number | null;
  /** Tasks of more than 50 ms on the caller's thread while the blocks ran; null outside pages. */
  readonly longTasks: number | null;
  /** Frames that the page did not get to draw while the blocks ran; null outside pages. */
  readonly droppedFrames: number | null;
  /** Memory of page and workers (or of the process) after the last block, less before the first. */
  readonly memoryGrowthBytes: number | null;
  /** Bytes stored at the end; null where the platform does not show them. */
  readonly storedBytes: number | null;
  /** Units stored at the end, warm-up included. */
  readonly storedUnits: number;
}

/** What a lane hands back for one subject in one work. */
export interface SeatResult {
  readonly subject: SubjectFacts;
  readonly work: WorkFacts;
  readonly measured?: Measured;
  /** Why there is no figure. */
  readonly failure?: string;
}

export interface Result extends Measured {
  readonly subject: string;
  readonly work: string;
  readonly lane: 'browser' | 'node';
  readonly title: string;
  readonly kind: string;
  readonly caller: string;
  readonly depth: number;
  readonly pool: string;
  readonly promise: string;
  readonly reads: string;
  readonly values: string;
  readonly unit: string;
  /** Median of the blocks, per unit. */
  readonly medianUs: number;
  readonly ratePerSecond: number;
  readonly flushesPerUnit: number | null;
  /** Of single calls: steadier than blocks on a machine that is shared. */
  readonly p50RatioToRaw: number | null;
  /** Time against the raw file of the same caller, median of the ratios round by round; 1 = as fast. */
  readonly ratioToRaw: number | null;
  /** Time against the fastest peer that promises as much, same caller where there is one; below 1 = faster. */
  readonly ratioToBestPeer: number | null;
  readonly bestPeer: string | null;
}

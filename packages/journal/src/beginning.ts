/**
 * How a new generation goes on after recovery: where, after what, and with which segment header.
 */
import type { StartRecord } from './control.ts';
import type { Geometry } from './geometry.ts';
import type { Segment } from './segment.ts';
import type { SegmentHeader } from './segment-header.ts';

export interface Beginning {
  /** The tail segment; its header is (re)written when it is missing. */
  readonly segment: Segment;
  /** Where the first batch goes; past the footer: the generation begins in a new segment. */
  readonly offset: number;
  /**
   * Something in the segment is known to have been flushed. Otherwise its header may stand in the
   * page cache alone, after a flush that failed, and is written again.
   */
  readonly headerProven: boolean;
  readonly start: StartRecord;
  readonly wallTimeMs: number;
}

/** The header that the tail segment must be given before anything else; undefined: it has one. */
export function headerToWrite(
  { segment, headerProven, start }: Beginning,
  generation: number,
  geometry: Geometry,
  wallTimeMs: number,
): SegmentHeader | undefined {
  if (headerProven && !segment.headerMissing) return undefined;
  const made = segment.header;
  if (!segment.headerMissing) return made;
  // Cut before this segment, or at its very beginning: it is the new generation's, and says so,
  // because what stood between the cut and here may be lost. Cut within: what it holds is older.
  const fresh = start.cutSegment < made.segment || start.cutOffset === geometry.firstOffset;
  return {
    ...made,
    generation: fresh ? generation : made.generation,
    lastLsn: fresh ? start.lastLsn : made.lastLsn,
    previousEnd: fresh ? start.cutOffset : made.previousEnd,
    previousChain: fresh ? start.chain : made.previousChain,
    durableLsn: start.lastLsn,
    wallTimeMs,
  };
}

/**
 * A segment in memory: what its header said, what its checksums are seeded with, and its index.
 *
 * Always true:
 * - segment numbers are dense: n + 1 follows n for ever
 * - a segment keeps its slot, number and salt for life
 */
import type { NextRecord } from './control.ts';
import { LsnIndex } from './lsn-index.ts';
import { segmentSeed, type SegmentHeader } from './segment-header.ts';
import type { Geometry } from './geometry.ts';
import type { ScanPoint } from './position.ts';

export interface Segment {
  readonly header: SegmentHeader;
  readonly seed: number;
  readonly index: LsnIndex;
  /** No valid header stands in the slot: what is known came from the `next` record before it. */
  readonly headerMissing: boolean;
}

export function segmentOf(
  header: SegmentHeader,
  seedId: Uint8Array,
  headerMissing = false,
): Segment {
  return {
    header,
    seed: segmentSeed(seedId, header.slot, header.segment, header.salt),
    index: new LsnIndex(),
    headerMissing,
  };
}

/** The place of a segment's first batch. */
export function beginningOf(segment: Segment, geometry: Geometry): ScanPoint {
  const { header } = segment;
  return {
    segment: header.segment,
    offset: geometry.firstOffset,
    generation: header.generation,
    lastLsn: header.lastLsn,
    chain: header.previousChain,
  };
}

/** A segment whose header is not there, from the `next` record that names it and the place of that. */
export function segmentFromNext(next: NextRecord, from: ScanPoint, seedId: Uint8Array): Segment {
  const header: SegmentHeader = {
    slot: next.slot,
    segment: next.segment,
    salt: next.salt,
    generation: from.generation,
    lastLsn: from.lastLsn,
    previousEnd: from.offset,
    previousChain: from.chain,
    oldestUnitSegment: next.segment,
    durableLsn: 0,
    wallTimeMs: 0,
  };
  return segmentOf(header, seedId, true);
}

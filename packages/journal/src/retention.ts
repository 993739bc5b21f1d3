/**
 * What history must stay. Pure rules over the segment table.
 */
import type { Segment } from './segment.ts';
import type { StoreOptions } from './store-port.ts';

export interface RetentionFacts {
  readonly lowWater: number;
  readonly coveredLsn: number;
  readonly lastLsn: number;
  readonly scanSegment: number;
  /** Segment of the last checkpoint's state; 0 = none. */
  readonly stateSegment: number;
  readonly tailSegment: number;
  readonly segmentBytes: number;
  /** LSNs up to which each holder (reader) has read, within its budget. */
  readonly heldLsns: readonly number[];
  /** First segments of units that are open. */
  readonly openUnitSegments: readonly number[];
}

/** Where `keep` puts the low-water mark: never back, never past what replay still needs. */
export function lowWaterFor(
  keep: StoreOptions['keep'],
  facts: RetentionFacts,
  live: readonly Segment[],
): number {
  const wanted = wantedLowWater(keep, facts, live);
  const replayNeeds = facts.coveredLsn > 0 ? facts.coveredLsn + 1 : facts.lastLsn + 1;
  return Math.max(facts.lowWater, Math.min(wanted, replayNeeds));
}

function wantedLowWater(
  keep: StoreOptions['keep'],
  facts: RetentionFacts,
  live: readonly Segment[],
): number {
  if (keep === 'all') return 0;
  if (keep === 'checkpoint') return facts.coveredLsn + 1;
  if ('records' in keep) return facts.lastLsn - keep.records + 1;
  const segments = Math.ceil(keep.bytes / facts.segmentBytes) + 1;
  const oldestKept = live[live.length - segments];
  return oldestKept === undefined ? 0 : oldestKept.header.lastLsn + 1;
}

const NONE = 0;

/**
 * Whether history that nobody let go of lies before the oldest segment: the header of an older one is
 * lost. What is missing stays missing, and named, until `lowWater` has passed it.
 */
function beginsAfter(live: readonly Segment[], lsn: number): boolean {
  const oldest = live[0];
  return oldest !== undefined && oldest.header.lastLsn > lsn;
}

/** The oldest segment that something still needs; 0: none may go. */
export function firstNeededSegment(live: readonly Segment[], facts: RetentionFacts): number {
  const holding = (lsn: number): number => {
    let best = live[0]?.header.segment ?? facts.tailSegment;
    for (const { header } of live) if (header.lastLsn <= lsn) best = header.segment;
    return best;
  };
  let first = Math.min(
    facts.tailSegment,
    facts.scanSegment,
    facts.stateSegment === 0 ? facts.tailSegment : facts.stateSegment,
    beginsAfter(live, facts.lowWater - 1) ? NONE : holding(facts.lowWater - 1),
    ...facts.heldLsns.map(holding),
    ...facts.openUnitSegments,
  );
  // A needed segment may end units whose fragments began earlier.
  for (let index = live.length - 1; index >= 0; index--) {
    const { header } = live[index]!;
    if (header.segment >= first) first = Math.min(first, header.oldestUnitSegment);
  }
  return first;
}

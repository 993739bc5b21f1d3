/** What history must stay, as a rule over numbers. */
import { describe, expect, test } from 'vitest';
import { lowWaterFor, type RetentionFacts } from './retention.ts';

const FACTS: RetentionFacts = {
  lowWater: 1,
  coveredLsn: 0,
  lastLsn: 100,
  scanSegment: 1,
  stateSegment: 0,
  tailSegment: 1,
  segmentBytes: 4_096,
  heldLsns: [],
  openUnitSegments: [],
};

describe('the low-water mark', () => {
  test.each([
    // A checkpoint of the first record alone already says what replay needs: all the others.
    ['of ten records, replay needs more', { records: 10 }, { coveredLsn: 1 }, 2],
    ['of ten records, without a checkpoint', { records: 10 }, {}, 91],
    ['of ten records, of which five are covered', { records: 10 }, { coveredLsn: 95 }, 91],
    ['of what the checkpoint leaves', 'checkpoint', { coveredLsn: 40 }, 41],
    ['never goes back', { records: 90 }, { lowWater: 50 }, 50],
    ['of everything', 'all', { coveredLsn: 99, lowWater: 3 }, 3],
  ] as const)('%s', (_, keep, facts, expected) => {
    expect(lowWaterFor(keep, { ...FACTS, ...facts }, [])).toBe(expected);
  });
});

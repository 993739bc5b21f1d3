/** The slice of the image lane that every test run takes. */
import { expect, test } from 'vitest';
import { ALL_PROFILES } from './cases.ts';
import { LIMITS, runLane } from './lane.ts';
import { rowShortfalls } from './reachability.ts';
import { lineOf } from './slice.ts';

const SEED = 20_261_121;
const IMAGES = 200_000;

test(
  'a crash at every operation, under every profile, violates nothing',
  { timeout: 330_000 },
  async () => {
    const range = { seed: SEED, profiles: ALL_PROFILES, from: 0, step: 1, to: Infinity };
    const tally = await runLane(range, { ...LIMITS, images: IMAGES * 1.01 });
    expect(tally.violations.map(lineOf)).toEqual([]);
    expect(tally.distinct).toBeGreaterThanOrEqual(IMAGES);
    expect(Object.keys(tally.profiles).sort()).toEqual([...ALL_PROFILES].sort());
    expect(rowShortfalls(tally, 1)).toEqual([]);
  },
);

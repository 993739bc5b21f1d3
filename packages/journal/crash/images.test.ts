/**
 * The slice of the image lane that every test run takes: workloads of every kind, and, for as many
 * images again, short sequences with every subset of what was in flight.
 */
import { expect, test } from 'vitest';
import { ALL_PROFILES, EVERY_SUBSET_FROM } from './cases.ts';
import { LIMITS, runLane } from './lane.ts';
import { rowShortfalls } from './reachability.ts';
import { lineOf } from './slice.ts';

const SEED = 20_261_121;
const IMAGES = 100_000;
const limits = { ...LIMITS, images: IMAGES * 1.03 };

test(
  'a crash at every operation, under every profile, violates nothing',
  { timeout: 330_000 },
  async () => {
    const range = { seed: SEED, profiles: ALL_PROFILES, from: 0, step: 1, to: Infinity };
    const tally = await runLane(range, limits);
    expect(tally.violations.map(lineOf)).toEqual([]);
    expect(tally.distinct).toBeGreaterThanOrEqual(IMAGES);
    expect(Object.keys(tally.profiles).sort()).toEqual([...ALL_PROFILES].sort());
    expect(rowShortfalls(tally, 1)).toEqual([]);
  },
);

test(
  'every subset of what a short sequence has in flight violates nothing',
  { timeout: 330_000 },
  async () => {
    const from = EVERY_SUBSET_FROM * ALL_PROFILES.length;
    // Odd, so that the profiles take turns; far enough for sequences of every kind.
    const step = 567;
    const range = { seed: SEED, profiles: ALL_PROFILES, from, step, to: Infinity };
    const tally = await runLane(range, limits);
    expect(tally.violations.map(lineOf)).toEqual([]);
    expect(tally.distinct).toBeGreaterThanOrEqual(IMAGES);
    expect(Object.keys(tally.profiles).sort()).toEqual([...ALL_PROFILES].sort());
  },
);

/** Seeds in which stores are given back and taken again all the time, and messages overtake each other. */
import { expect, test } from 'vitest';
import { FIRST_RESTLESS_SEED } from './log/plan.ts';
import { runTabsSlice, sliceFrom } from './slice.ts';

const SEEDS = 300;

test(
  `${SEEDS} restless seeds: tabs go and come back, and violate nothing`,
  { timeout: 330_000 },
  async () => {
    const { violations, cases, leaders, acknowledged } = await runTabsSlice(
      sliceFrom(FIRST_RESTLESS_SEED, SEEDS),
    );
    expect(violations).toEqual([]);
    expect(cases).toBe(SEEDS);
    expect(leaders).toBeGreaterThan(1_500);
    expect(acknowledged).toBeGreaterThan(8_000);
  },
);

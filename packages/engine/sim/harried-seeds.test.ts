/** Seeds in which leaders are not heard for so long that they lose the store, with appends under way. */
import { expect, test } from 'vitest';
import { FIRST_HARRIED_SEED, planOf } from './log/plan.ts';
import { runTabsSlice, sliceFrom } from './slice.ts';

const SEEDS = 300;

test(
  `${SEEDS} harried seeds: leaders lose the store as they append, and violate nothing`,
  { timeout: 330_000 },
  async () => {
    const { violations, cases, leaders, acknowledged } = await runTabsSlice(
      sliceFrom(FIRST_HARRIED_SEED, SEEDS),
    );
    expect(violations).toEqual([]);
    expect(cases).toBe(SEEDS);
    expect(leaders).toBeGreaterThan(500);
    expect(acknowledged).toBeGreaterThan(15_000);
  },
);

test('half of them go by port, and in each somebody’s file is slow', () => {
  const plans = Array.from({ length: 100 }, (_, more) => planOf(FIRST_HARRIED_SEED + more));
  expect(plans.filter(({ hasPorts }) => hasPorts)).toHaveLength(50);
  expect(plans.every(({ steps }) => steps.some(({ act }) => act.kind === 'slow'))).toBe(true);
});

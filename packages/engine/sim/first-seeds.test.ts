/** The slice of the lane of tabs that every test run takes; its other half is in later-seeds.test.ts. */
import { expect, test } from 'vitest';
import { runTabsSlice } from './slice.ts';

test(
  'seeds 1 to 1,000: tabs come, go, die and stand still, and violate nothing',
  {
    timeout: 330_000,
  },
  async () => {
    const slice = { from: 1, to: 1_001, tabs: 0, stopAtViolations: 5, shrink: false };
    const { violations, cases, leaders, acknowledged } = await runTabsSlice(slice);
    expect(violations).toEqual([]);
    expect(cases).toBe(1_000);
    // It is about changes of leaders, under appends.
    expect(leaders).toBeGreaterThan(1_500);
    expect(acknowledged).toBeGreaterThan(15_000);
  },
);

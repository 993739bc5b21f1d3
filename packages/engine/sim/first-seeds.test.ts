/** The slice of the lane of tabs that every test run takes; its other half is in later-seeds.test.ts. */
import { expect, test } from 'vitest';
import { runTabsSlice, sliceFrom } from './slice.ts';

test(
  'seeds 1 to 1,000: tabs come, go, die and stand still, and violate nothing',
  {
    timeout: 330_000,
  },
  async () => {
    const { violations, cases, leaders, acknowledged } = await runTabsSlice(sliceFrom(1, 1_000));
    expect(violations).toEqual([]);
    expect(cases).toBe(1_000);
    // It is about changes of leaders, under appends.
    expect(leaders).toBeGreaterThan(1_500);
    expect(acknowledged).toBeGreaterThan(15_000);
  },
);

/** The other half of what every test run takes of the lane of tabs, so that two cores share it. */
import { expect, test } from 'vitest';
import { runTabsSlice } from './slice.ts';

test(
  'seeds 1,001 to 2,000: tabs come, go, die and stand still, and violate nothing',
  {
    timeout: 330_000,
  },
  async () => {
    const slice = { from: 1_001, to: 2_001, tabs: 0, stopAtViolations: 5, shrink: false };
    const { violations, cases } = await runTabsSlice(slice);
    expect(violations).toEqual([]);
    expect(cases).toBe(1_000);
  },
);

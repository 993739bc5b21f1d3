/** The other half of what every test run takes of the lane of tabs, so that two cores share it. */
import { expect, test } from 'vitest';
import { runTabsSlice, sliceFrom } from './slice.ts';

test(
  'seeds 1,001 to 2,000: tabs come, go, die and stand still, and violate nothing',
  {
    timeout: 330_000,
  },
  async () => {
    const { violations, cases } = await runTabsSlice(sliceFrom(1_001, 1_000));
    expect(violations).toEqual([]);
    expect(cases).toBe(1_000);
  },
);

/** Seeds of tabs that have a volume open. */
import { expect, test } from 'vitest';
import { runTabsSlice, sliceFrom } from './slice.ts';

const SEEDS = 500;

test(
  `${SEEDS} seeds of volumes: tabs come, go, die and stand still, and violate nothing`,
  { timeout: 330_000 },
  async () => {
    const { violations, cases, leaders, acknowledged, looks } = await runTabsSlice(
      sliceFrom(1, SEEDS, { subject: 'volume-tabs' }),
    );
    expect(violations).toEqual([]);
    expect(cases).toBe(SEEDS);
    expect(leaders).toBeGreaterThan(1_300);
    expect(acknowledged).toBeGreaterThan(15_000);
    expect(looks).toBeGreaterThan(9_000);
  },
);

import { expect, test } from 'vitest';
import { treeRun } from './tree-run.ts';

test('a tree of several levels holds what was put in, and nothing when all was taken out', async () => {
  let heightMost = 0;
  for (const seed of [1, 2, 6, 8]) {
    const figures = await treeRun(seed);
    heightMost = Math.max(heightMost, figures.heightMost);
    expect(figures.blocksLeft).toBe(0);
  }
  expect(heightMost).toBeGreaterThanOrEqual(3);
});

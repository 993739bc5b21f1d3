/** Random operations against the naive model; `VARVE_VOLUME_OPS=100000` for a long run. */
import { expect, test } from 'vitest';
import { randomRun } from './random-run.ts';

const OPERATIONS = Number(process.env.VARVE_VOLUME_OPS ?? 3_000);
const PER_SEED = 150;
const FIRST_SEED = Number(process.env.VARVE_VOLUME_SEED ?? 1);

test(
  'whatever is done in whatever order, every view has the bytes of a full copy, and the check is clean',
  { timeout: 3_600_000 },
  async () => {
    const figures = {
      operations: 0,
      seeds: 0,
      snapshotsMost: 0,
      reopened: 0,
      abandoned: 0,
      fulls: 0,
    };
    for (let seed = FIRST_SEED; figures.operations < OPERATIONS; seed++) {
      const run = await randomRun(seed, Math.min(PER_SEED, OPERATIONS - figures.operations));
      figures.operations += run.operations;
      figures.seeds++;
      figures.snapshotsMost = Math.max(figures.snapshotsMost, run.snapshotsMost);
      for (const name of ['reopened', 'abandoned', 'fulls'] as const) figures[name] += run[name];
    }
    process.stdout.write(`${JSON.stringify(figures)}\n`);
    expect(figures.operations).toBe(OPERATIONS);
    expect(figures.reopened * figures.abandoned * figures.fulls).toBeGreaterThan(0);
  },
);

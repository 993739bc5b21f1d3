import { expect, test } from 'vitest';
import { faultRun } from './fault-run.ts';

const CASES = Number(process.env.VARVE_VOLUME_FAULT_CASES ?? 30);

test(
  'reads, writes and flushes that fail cost no acknowledged byte, and what was refused did not happen',
  { timeout: 3_600_000 },
  async () => {
    const total = { strikes: 0, refused: 0, unknown: 0, reloads: 0, reopened: 0 };
    for (let seed = 1; seed <= CASES; seed++) {
      const figures = await faultRun(seed);
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += figures[name];
    }
    process.stdout.write(`${JSON.stringify(total)}\n`);
    expect(Math.min(total.strikes, total.refused, total.unknown, total.reloads)).toBeGreaterThan(0);
  },
);

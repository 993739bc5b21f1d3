/** Seeds whose links go by port, as far as the simulated browser introduces them. */
import { expect, test } from 'vitest';
import { caseOfName } from './case.ts';
import { newTabsTally, runTabsCase } from './lane.ts';
import { FIRST_SEED_WITH_PORTS, planOf } from './log/plan.ts';
import { runTabsSlice, sliceFrom } from './slice.ts';

const SEEDS = 300;

test(
  `${SEEDS} seeds by port: tabs come, go, die and stand still, and violate nothing`,
  { timeout: 330_000 },
  async () => {
    const { violations, cases, leaders, acknowledged } = await runTabsSlice(
      sliceFrom(FIRST_SEED_WITH_PORTS, SEEDS),
    );
    expect(violations).toEqual([]);
    expect(cases).toBe(SEEDS);
    expect(leaders).toBeGreaterThan(400);
    expect(acknowledged).toBeGreaterThan(4_000);
  },
);

test('appends go by port there, and equal cases are equal runs', async () => {
  const linesOf = async (): Promise<string[]> => {
    const lines: string[] = [];
    const one = caseOfName(`tabs:${FIRST_SEED_WITH_PORTS}.4`);
    expect(await runTabsCase(one, newTabsTally(), (line) => lines.push(line))).toEqual([]);
    return lines;
  };
  const lines = await linesOf();
  const isAppend = /^[\d.]+ worker \d+ → worker \d+ .*"kind":"append"/;
  expect(lines.filter((line) => isAppend.test(line)).length).toBeGreaterThan(0);
  expect(await linesOf()).toEqual(lines);
});

/** Ends of new ports that were found, long after the introducer had died, by workers that had known it. */
async function metAgain(seed: number): Promise<number> {
  const known = new Set<string>();
  let diedMs = Infinity;
  let ends = 0;
  await runTabsCase(caseOfName(`tabs:${seed}`), newTabsTally(), (line) => {
    const atMs = Number.parseFloat(line);
    const [, one = '', two = ''] = /(worker \d+) → (worker \d+) "port"/.exec(line) ?? [];
    if (line.includes('the introducer is dead')) diedMs = Math.min(diedMs, atMs);
    else if (diedMs === Infinity)
      for (const [worker] of line.matchAll(/worker \d+/g)) known.add(worker);
    else if (atMs > diedMs + 250 && known.has(one) && known.has(two)) ends++;
  });
  return ends;
}

test('when the introducer died with a tab, those that are left meet by the next one', async () => {
  const mortal: number[] = [];
  for (let seed = FIRST_SEED_WITH_PORTS; mortal.length < 20; seed++)
    if (planOf(seed).introducerDiesPercent === 100) mortal.push(seed);
  const ends: number[] = [];
  for (const seed of mortal) ends.push(await metAgain(seed));
  expect(ends.filter((count) => count > 0).length).toBeGreaterThan(2);
});

/**
 * Proof that the lane of tabs can fail, and says rightly what: planted bugs, put into the sources by
 * the bundler, must be caught by the same seeds that every test run takes.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { plant } from '@varve/journal/crash';
import { bundle } from '@varve/journal/crash/bundle';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TabsCase, caseOfName, nameOfCase, planOfCase } from './case.ts';
import { newTabsTally, runTabsCase } from './lane.ts';
import { planOf } from './log/plan.ts';
import { PLANTED_TAB_BUGS } from './planted/bugs.ts';
import { type runTabsSlice, sliceFrom } from './slice.ts';

const SLICE = fileURLToPath(new URL('slice.ts', import.meta.url));
const SEEDS = 2_000;

describe('cases', () => {
  test.each([
    { subject: 'tabs', seed: 7, tabs: 0 },
    { subject: 'tabs', seed: 7, tabs: 4 },
    { subject: 'volume-tabs', seed: 7, tabs: 0, steps: [0, 3, 11, 36] },
    { subject: 'tabs', seed: 7, tabs: 2, steps: [] },
  ] as readonly TabsCase[])('a name says all of its case: %j', (one) => {
    expect(caseOfName(nameOfCase(one))).toEqual(one);
  });

  test.each(['', 'tabs:', 'tabs:x', 'tabs:1.', '1.2.power.3:x0'])('%j is none', (name) => {
    expect(() => caseOfName(name)).toThrow('no case');
  });

  test('equal cases are equal runs, to the last message', async () => {
    const linesOf = async (id: string): Promise<string[]> => {
      const lines: string[] = [];
      await runTabsCase(caseOfName(id), newTabsTally(), (line) => lines.push(line));
      return lines;
    };
    const lines = await linesOf('tabs:17');
    expect(lines.length).toBeGreaterThan(100);
    expect(await linesOf('tabs:17')).toEqual(lines);
    expect(await linesOf('tabs:18')).not.toEqual(lines);
  });

  test('a seed ends soon after all is answered; one in sixteen waits to the end of each time', async () => {
    const subject = 'tabs';
    const virtualMs = async (seed: number): Promise<number> => {
      const tally = newTabsTally();
      // Nothing happens: two tabs are opened.
      expect(await runTabsCase({ subject, seed, tabs: 2, steps: [0, 1] }, tally)).toEqual([]);
      expect(tally.acknowledged).toBe(2);
      return tally.virtualMs;
    };
    expect(await virtualMs(15)).toBeLessThan(20_000);
    expect(await virtualMs(16)).toBeGreaterThan(30_000);
  });

  test('a worker that is busy with a slow file for twelve seconds is waited for', async () => {
    const slow = caseOfName('tabs:101779');
    expect(planOfCase(slow).steps.some(({ act }) => act.kind === 'slow')).toBe(true);
    expect(await runTabsCase(slow, newTabsTally())).toEqual([]);
  });

  test('who has the lock from one that had taken it, and waits for the file, does not take it from itself', async () => {
    const one = caseOfName('tabs:999796451.0.0,1,4,5,h,i,p,s,t,x');
    expect(planOfCase(one).steps.some(({ act }) => act.kind === 'freeze')).toBe(true);
    expect(await runTabsCase(one, newTabsTally())).toEqual([]);
  });

  test('who had the lock while it stood still, and lost it, does not open the store between two openings of its owner', async () => {
    const one = caseOfName('tabs:1000089761.0.0,1,2,3,4,5,6,7,8,9,a,b,d,e,k,n,z');
    expect(planOfCase(one).steps.some(({ act }) => act.kind === 'fault')).toBe(true);
    expect(await runTabsCase(one, newTabsTally())).toEqual([]);
  });

  test('an append that is held for a turn when the lock is taken stays before those that come later', async () => {
    const one = caseOfName('tabs:1000182978.0.6,7,b,k,o');
    expect(planOfCase(one).steps.some(({ act }) => act.kind === 'slow')).toBe(true);
    expect(await runTabsCase(one, newTabsTally())).toEqual([]);
  });

  test.each([
    // It waited for its store to open anew when the lock was taken.
    'tabs:3000031533.0.9,f,g,y,15,16,1m,1s',
    // Told of what was in its file when another led already.
    'tabs:3000004986.0.0,1,2,3,4,5,6,7,8,9,c,d,e,j,k,15',
  ])('%s: a leader that stands still while its store opens anew', async (name) => {
    expect(await runTabsCase(caseOfName(name), newTabsTally())).toEqual([]);
  });

  test('the fragments of a stream that a recovery wrote again by name are there after a checkpoint', async () => {
    const found = caseOfName('tabs:1000386209.0.0,1,4,6,a,c');
    expect(await runTabsCase(found, newTabsTally())).toEqual([]);
  });

  test.each([
    // Its page was hidden, and told `unknown` of what its leader did a moment later.
    'volume-tabs:21.0.0,1,2,3,4,7,8,a',
    // Written behind the closing, and told as not written.
    'volume-tabs:63.0.6,b,i,m,n',
    // A read did not see the write before it, which waited for a checkpoint.
    'volume-tabs:118.0.0,1,3,4,5',
    // The journal failed while the volume was loaded anew after another fault.
    'volume-tabs:133.0.f,h,j,k,o',
    // Whoever closed a hidden page waited for what waited for it to be shown.
    'volume-tabs:1482.0.0,1,2,5,7,c,g,h',
    // A read waited for the volume to be loaded anew, and saw a later write.
    'volume-tabs:2328.0.2,3,k,l,p,s',
  ])('%s: what the first seeds of volumes found', async (name) => {
    expect(await runTabsCase(caseOfName(name), newTabsTally())).toEqual([]);
  });

  test('plans have 2 to 8 tabs, or as many as are asked for', () => {
    const counts = new Set<number>();
    for (let seed = 1; seed <= 200; seed++) counts.add(planOf(seed).tabs);
    expect([...counts].sort()).toEqual([2, 3, 4, 5, 8]);
    expect(planOf(1, 6).tabs).toBe(6);
  });
});

describe('planted bugs', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'varve-tabs-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test.each(PLANTED_TAB_BUGS)('$subject: $name: caught', { timeout: 300_000 }, async (bug) => {
    const file = join(folder, `${PLANTED_TAB_BUGS.indexOf(bug)}.mjs`);
    writeFileSync(file, await bundle(SLICE, bug));
    const bundled = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
      runTabsSlice: typeof runTabsSlice;
    };
    const { subject, firstSeed = 1 } = bug;
    const slice = sliceFrom(firstSeed, SEEDS, { subject, stopAtViolations: 1 });
    const { violations } = await bundled.runTabsSlice(slice);
    expect(violations).toHaveLength(1);
  });

  test('every one has its one place in the sources, and a name of its own', () => {
    for (const bug of PLANTED_TAB_BUGS) {
      const place = new URL(`../../${bug.package ?? 'journal'}/src/${bug.file}`, import.meta.url);
      const source = readFileSync(place, 'utf8');
      expect(plant(bug, source)).not.toBe(source);
    }
    const names = PLANTED_TAB_BUGS.map(({ subject, name }) => `${subject} ${name}`);
    expect(new Set(names).size).toBe(PLANTED_TAB_BUGS.length);
  });
});

/**
 * Proof that the image lane can fail, and says rightly what: planted bugs,
 * put into the sources by the bundler, must be caught by the same lane.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Profile } from '@varve/files/simulated';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  ALL_PROFILES,
  caseOf,
  EVERY_SUBSET_FROM,
  EXHAUSTIVE_CASES,
  EXHAUSTIVE_TO,
  isSequence,
  keyOf,
} from './cases.ts';
import { LIMITS, replay, runCase, runLane } from './lane.ts';
import { parseReplayId } from './image-id.ts';
import { ROW_REACH, rowShortfalls } from './reachability.ts';
import type { replaySlice, runSlice } from './slice.ts';
import { type Failure, newTally, tallyOf } from './tally.ts';
import { plant } from './planted/bug.ts';
import { PLANTED_BUGS } from './planted/bugs.ts';

import { OPENING_ROWS } from '../src/witness-table.ts';
import { TAIL_ROWS } from '../src/recovery-table.ts';
import { bundle } from './test/bundle.ts';

const SEED = 20_261_121;
const PLANTED_IMAGES = 60_000;
const SLICE = fileURLToPath(new URL('slice.ts', import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-planted-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('cases', () => {
  test('every sequence of up to three operations comes up once before any comes up twice', () => {
    const keys = new Set<string>();
    for (let number = 0; number < EXHAUSTIVE_TO; number++) {
      if (!isSequence(number)) continue;
      const { workload, crashFrom } = caseOf(SEED, number, 'power');
      keys.add([crashFrom, ...workload].join());
    }
    // Two of the states are themselves sequences over the empty one, and 12 more follow from each.
    expect(keys.size).toBe(EXHAUSTIVE_CASES - 2 * 12);
  });

  test('every sequence comes up once with all telling subsets', () => {
    const keys = new Set<string>();
    for (let index = 0; index < EXHAUSTIVE_CASES; index++) {
      const { workload, crashFrom, subsets } = caseOf(SEED, EVERY_SUBSET_FROM + index, 'power');
      expect(subsets).toBe('telling');
      keys.add([crashFrom, ...workload].join());
    }
    expect(keys.size).toBe(EXHAUSTIVE_CASES - 2 * 12);
  });

  test('a case of a number is always the same', () => {
    expect(keyOf(caseOf(SEED, 77, 'os'))).toBe(keyOf(caseOf(SEED, 77, 'os')));
  });
});

describe('the table of promises', () => {
  const violationsOf = async (
    profile: Profile,
    images: number,
    alignmentBytes: 16 | 4096 = 16,
  ): Promise<readonly Failure[]> => {
    const limits = { ...LIMITS, images, violations: 1, asksTooMuch: true, woundEvery: Infinity };
    const tally = newTally();
    for (let number = 0; tally.images < images && tally.violations.length === 0; number++) {
      const lane = caseOf(SEED, number, profile);
      if ((lane.options.alignmentBytes ?? 16) === alignmentBytes)
        await runCase(lane, limits, tally);
    }
    return tally.violations;
  };

  test.each([
    ['power', 'relaxed records outlive the process, not the power'],
    ['os', 'relaxed records outlive the process, not the machine'],
    ['power-no-psow', 'a write may take its neighbour along'],
    ['lying-flush', 'nothing was ever flushed'],
    ['fsync-fail-late', 'the flush before had lied'],
  ] as const)(
    '%s promises less than tab-kill: %s',
    { timeout: 120_000 },
    async (profile, _because) => {
      const [violation] = await violationsOf(profile, 60_000);
      expect(violation?.reason).toMatch(/^I[1267]/);
    },
  );

  test('tab-kill keeps the strongest promise', { timeout: 60_000 }, async () => {
    expect(await violationsOf('tab-kill', 3_000)).toEqual([]);
  });
});

describe('rows of the recovery tables', () => {
  test('every row that recovery can name is declared, and none else', () => {
    const named = [...OPENING_ROWS, ...TAIL_ROWS].map(({ name }) => name);
    const source = readFileSync(new URL('../src/recovery.ts', import.meta.url), 'utf8');
    const pushed = [...source.matchAll(/rows\.push\('([a-z-]+)'\)/g)].map(([, name]) => name);
    const declared = ROW_REACH.map(({ row }) => row);
    expect(new Set(declared)).toEqual(new Set([...named, ...pushed]));
    expect(new Set(declared).size).toBe(declared.length);
  });

  test('a row that is met too seldom, or where it cannot be, is a failure of the run', () => {
    const tally = newTally();
    const power = tallyOf(tally, 'power');
    for (const { row } of ROW_REACH) power.rows[row] = 1_000;
    expect(rowShortfalls(tally, 1_000)).toEqual([]);
    power.byCrash['next-lost'] = 1;
    power.rows['fresh'] = 999;
    expect(rowShortfalls(tally, 1_000)).toHaveLength(2);
  });
});

describe('ids', () => {
  test('an id replays its image alone, in whatever life it stands', async () => {
    const limits = { ...LIMITS, images: 400, violations: 3, asksTooMuch: true };
    const range = {
      seed: SEED,
      profiles: ['lying-flush'],
      from: 0,
      step: 1,
      to: Infinity,
    } as const;
    const { violations } = await runLane(range, limits);
    expect(violations).toHaveLength(3);
    for (const { id, reason } of violations) {
      const again = await replay(id, limits);
      expect(again.violations.map((violation) => violation.reason)).toEqual([reason]);
    }
  });

  test.each(['', '1.2', '1.2.power', '1.2.nothing.3:x0', 'a.2.power.3:x0'])(
    'what is no id is refused: %s',
    async (id) => {
      await expect(replay(id)).rejects.toThrow(/no image/);
    },
  );
});

/**
 * With the case of the lane from which on it is looked for. Where that is not the first one, nothing
 * shows it before; the lane that every run takes begins with all of them (images.test.ts).
 */
const QUICK: Readonly<Record<string, number>> = {
  'acknowledges before the flush': 0,
  'a short write is ignored': 72,
  'rotates without flushing the full segment': 14,
  'the batch body is not verified': 0,
  'batches claim that they are durable themselves': 0,
  'a lost write is called damage': 0,
  'a checkpoint is acknowledged without a superblock': 0,
  'a vanished store is made anew': 0,
};

describe('planted bugs are caught', () => {
  test.each(Object.entries(QUICK))('%s', { timeout: 120_000 }, async (name, from) => {
    const bug = PLANTED_BUGS.find((planted) => planted.name === name)!;
    const file = join(folder, `${Object.keys(QUICK).indexOf(name)}.mjs`);
    writeFileSync(file, await bundle(SLICE, bug));
    const bundled = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
      runSlice: typeof runSlice;
    };
    const slice = {
      seed: SEED,
      from,
      step: 1,
      profiles: ALL_PROFILES,
      images: PLANTED_IMAGES,
      untilMs: 0,
      stopAtViolations: 1,
    };
    const { violations } = await bundled.runSlice(slice);
    expect(violations).toHaveLength(1);
  });

  test.each(['acknowledges before the flush', 'the batch body is not verified'])(
    '%s: shrinks to the least operations and the least persisted, and its id shows it again',
    { timeout: 120_000 },
    async (planted) => {
      const bug = PLANTED_BUGS.find(({ name }) => name === planted)!;
      const file = join(folder, `${planted.replaceAll(' ', '-')}.mjs`);
      writeFileSync(file, await bundle(SLICE, bug));
      const bundled = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
        runSlice: typeof runSlice;
        replaySlice: typeof replaySlice;
      };
      // Of the profile `power`, one case after the other, until one shows it on an image of its first life.
      for (let number = 1; ; number += 4) {
        const slice = { seed: SEED, from: number * ALL_PROFILES.length, step: Infinity };
        const { failures } = await bundled.runSlice({
          ...slice,
          profiles: ALL_PROFILES,
          images: PLANTED_IMAGES,
          untilMs: 0,
          stopAtViolations: 1,
          shrink: true,
        });
        const least = failures[0]?.least;
        const { lane, path } = least === undefined ? { path: [] } : parseReplayId(least.id);
        expect(number).toBeLessThan(100);
        if (path.length !== 1) continue;
        expect(lane!.workload.length).toBeLessThanOrEqual(2);
        // Nothing persisted, or one thing of what was in flight.
        expect(path[0]!.image).toMatch(/^\d+:(x[01]|none|m[0.]*[1-9]?[0.]*)$/);
        const again = (await bundled.replaySlice(least!.id)).failures;
        expect(again.map(({ reason }) => reason)).toEqual([least!.reason]);
        expect((await replay(least!.id)).violations).toEqual([]);
        return;
      }
    },
  );

  test('a planted bug whose place is not there, or there twice, is refused', () => {
    const bug = { name: 'x', file: 'x.ts', find: 'flush();', replace: '' };
    expect(plant(bug, 'a flush(); b')).toBe('a  b');
    expect(() => plant(bug, 'nothing')).toThrow(/0 times/);
    expect(() => plant(bug, 'flush(); flush();')).toThrow(/2 times/);
  });

  test('every planted bug has its one place in the sources, and a name of its own', () => {
    for (const bug of PLANTED_BUGS) {
      const source = readFileSync(new URL(`../src/${bug.file}`, import.meta.url), 'utf8');
      expect(plant(bug, source)).not.toBe(source);
    }
    expect(new Set(PLANTED_BUGS.map(({ name }) => name)).size).toBe(PLANTED_BUGS.length);
  });
});

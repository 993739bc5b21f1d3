/**
 * The slice of the image lane that every test run takes, and proof that it can fail: planted bugs,
 * put into the sources by the bundler, must be caught by the same lane.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALL_PROFILES, caseOf, EXHAUSTIVE_CASES, keyOf } from './cases.ts';
import { LIMITS, runLane } from './lane.ts';
import { lineOf } from './slice.ts';
import { plant } from './planted/bug.ts';
import { PLANTED_BUGS } from './planted/bugs.ts';
import type { runSlice } from './slice.ts';
import { bundle } from './test/bundle.ts';

const SEED = 20_261_121;
const IMAGES = 200_000;
const PLANTED_IMAGES = 30_000;
const SLICE = fileURLToPath(new URL('slice.ts', import.meta.url));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'varve-planted-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the image lane', () => {
  test(
    'a crash at every operation, under every profile, violates nothing',
    { timeout: 300_000 },
    async () => {
      const limits = { ...LIMITS, images: IMAGES };
      const range = { seed: SEED, profiles: ALL_PROFILES, from: 0, step: 1, to: Infinity };
      const { distinct, violations, profiles } = await runLane(range, limits);
      expect(violations.map(lineOf)).toEqual([]);
      expect(distinct).toBeGreaterThanOrEqual(IMAGES);
      expect(Object.keys(profiles).sort()).toEqual([...ALL_PROFILES].sort());
    },
  );

  test('every sequence of up to three operations comes up once before any comes up twice', () => {
    const keys = new Set<string>();
    for (let number = 0; number < 2 * EXHAUSTIVE_CASES; number += 2) {
      const { workload, crashFrom } = caseOf(SEED, number, 'power');
      keys.add([crashFrom, ...workload].join());
    }
    // Two of the states are themselves sequences over the empty one, and 12 more follow from each.
    expect(keys.size).toBe(EXHAUSTIVE_CASES - 2 * 12);
  });

  test('a case of a number is always the same', () => {
    expect(keyOf(caseOf(SEED, 77, 'os'))).toBe(keyOf(caseOf(SEED, 77, 'os')));
  });
});

const QUICK = [
  'acknowledges before the flush',
  'a short write is ignored',
  'rotates without flushing the full segment',
  'the batch body is not verified',
  'batches claim that they are durable themselves',
  'a lost write is called damage',
  'a checkpoint is acknowledged without a superblock',
  'a vanished store is made anew',
];

describe('planted bugs are caught', () => {
  test.each(QUICK)('%s', { timeout: 60_000 }, async (name) => {
    const bug = PLANTED_BUGS.find((planted) => planted.name === name)!;
    const file = join(folder, `${QUICK.indexOf(name)}.mjs`);
    writeFileSync(file, await bundle(SLICE, bug));
    const bundled = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
      runSlice: typeof runSlice;
    };
    const slice = {
      seed: SEED,
      from: 0,
      step: 1,
      profiles: ALL_PROFILES,
      images: PLANTED_IMAGES,
      untilMs: 0,
      stopAtViolations: 1,
    };
    const { violations } = await bundled.runSlice(slice);
    expect(violations).toHaveLength(1);
  });

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

/**
 * Each planted bug is built into the sources and must be noticed; the sources as they are must not.
 */
import { rm, writeFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { bundle } from '@varve/journal/crash/bundle';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type * as runs from './index.ts';
import { PLANTED_BUGS, type PlantedVolumeBug } from './planted-bugs.ts';

type Runs = typeof runs;

const ENTRY = fileURLToPath(new URL('./index.ts', import.meta.url));
const SEEDS_MAX = 40;
/** Of the image lane; `seed` of a bug is the first of its cases to try. */
const SEED = 20_261_121;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'varve-volume-bugs-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function build(bug?: PlantedVolumeBug): Promise<Runs> {
  const path = join(folder, `${bug === undefined ? 'none' : PLANTED_BUGS.indexOf(bug)}.mjs`);
  await writeFile(path, await bundle(ENTRY, bug));
  return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as Runs;
}

function run(built: Runs, by: PlantedVolumeBug['by'], seed: number): Promise<unknown> {
  if (by === 'crash') return crashed(built, seed);
  if (by === 'fault') return built.faultRun(seed, 30);
  return by === 'tree' ? built.treeRun(seed) : built.randomRun(seed, 110);
}

/** Cases of the image lane, of each profile one. @throws what an image violates */
async function crashed(built: Runs, seed: number): Promise<void> {
  const { length } = built.ALL_PROFILES;
  const { violations } = await built.runVolumeSlice({
    seed: SEED,
    from: seed * length,
    to: (seed + 1) * length,
    profiles: built.ALL_PROFILES,
    violations: 1,
    faultsEvery: 0,
  });
  if (violations[0] !== undefined) throw new Error(`${violations[0].id}: ${violations[0].reason}`);
}

/** The seed that shows it, and how. */
async function noticed(bug: PlantedVolumeBug): Promise<string> {
  const built = await build(bug);
  for (let seed = bug.seed; seed < bug.seed + SEEDS_MAX; seed++) {
    try {
      await run(built, bug.by, seed);
    } catch (error) {
      return `seed ${seed}: ${String(error).split('\n')[0]}`;
    }
  }
  return '';
}

describe('a planted bug is noticed', () => {
  test.each(PLANTED_BUGS.map((bug) => [bug.name, bug] as const))(
    '%s',
    { timeout: 3_600_000 },
    async (_name, bug) => {
      const how = await noticed(bug);
      process.stdout.write(`${bug.by} ${how.slice(0, 160)}\n`);
      expect(how).not.toBe('');
    },
  );
});

test('without a bug the same runs are quiet', { timeout: 3_600_000 }, async () => {
  const built = await build();
  const runs = new Map(PLANTED_BUGS.map((bug) => [`${bug.by} ${bug.seed}`, bug]));
  for (const { by, seed } of runs.values()) await run(built, by, seed);
});

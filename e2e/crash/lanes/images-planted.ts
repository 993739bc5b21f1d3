/**
 * Deliberate bugs, one after the other: the ordinary lane must report a violation of each within the
 * images of an ordinary test run. A miss fails.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ALL_PROFILES, PLANTED_BUGS, type SliceProgress } from '@varve/journal/crash';
import { bundleWorker } from './images-bundle.ts';
import { startPool } from './images-pool.ts';

export interface PlantedRow {
  readonly name: string;
  readonly caught: boolean;
  readonly images: number;
  readonly seconds: number;
  /** The first violation that was reported. */
  readonly by: string;
}

/** The commit of the sources, for short; `unknown` where there is none. */
export function commitOfSources(): string {
  try {
    const cwd = fileURLToPath(new URL('.', import.meta.url));
    const options = { cwd, encoding: 'utf8' } as const;
    return execFileSync('git', ['rev-parse', '--short=7', 'HEAD'], options).trim();
  } catch {
    return 'unknown';
  }
}

/** From the commit, so that no seed is chosen to fit; 1 where there is none. */
export function seedOfCommit(): number {
  return Number.parseInt(commitOfSources().slice(0, 7), 16) || 1;
}

export async function runPlanted(
  seed: number,
  images: number,
  only: string | undefined,
  told: (row: PlantedRow) => void,
): Promise<PlantedRow[]> {
  const bugs = PLANTED_BUGS.filter(({ name }) => only === undefined || name.includes(only));
  const rows: PlantedRow[] = [];
  for (const bug of bugs) {
    const file = await bundleWorker(bug);
    const begunMs = Date.now();
    const chunks = [0];
    const found: SliceProgress[] = [];
    try {
      await startPool(file, {
        seed,
        profiles: ALL_PROFILES,
        workers: 1,
        chunkCases: Number.MAX_SAFE_INTEGER,
        chunkImages: images,
        stopAtViolations: 1,
        shrink: false,
        take: () => chunks.pop(),
        told: (_, progress) => found.push(progress),
      }).ended;
    } finally {
      file.remove();
    }
    const [progress] = found;
    const row = {
      name: bug.name,
      caught: (progress?.violations.length ?? 0) > 0,
      images: progress?.images ?? 0,
      seconds: (Date.now() - begunMs) / 1_000,
      by: progress?.violations[0] ?? '',
    };
    rows.push(row);
    told(row);
  }
  return rows;
}

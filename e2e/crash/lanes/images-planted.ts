/**
 * Deliberate bugs, one after the other: the ordinary lane must report a violation of each within the
 * images of an ordinary test run. A miss fails.
 */
import { ALL_PROFILES, PLANTED_BUGS } from '@varve/journal/crash';
import { bundleWorker } from './images-bundle.ts';
import { runPool } from './images-pool.ts';

export interface PlantedRow {
  readonly name: string;
  readonly caught: boolean;
  readonly images: number;
  readonly seconds: number;
  /** The first violation that was reported. */
  readonly by: string;
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
    try {
      const options = {
        seed,
        profiles: ALL_PROFILES,
        images,
        minutes: 0,
        workers: 1,
        stopAtViolations: 1,
      };
      const { violations, images: seen, seconds } = await runPool(file, options);
      const row = {
        name: bug.name,
        caught: violations.length > 0,
        images: seen,
        seconds,
        by: violations[0] ?? '',
      };
      rows.push(row);
      told(row);
    } finally {
      file.remove();
    }
  }
  return rows;
}

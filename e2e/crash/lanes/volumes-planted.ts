/**
 * Deliberate bugs of the volume, one after the other: the lane must report a violation of each that it
 * can see at all, within so many images; nearly three of four on an image, the others as a workload runs.
 */
import {
  ALL_PROFILES,
  PLANTED_BUGS,
  type VolumeSlice,
  type VolumeTally,
} from '@varve/volume/crash';
import { bundleWorker } from './images-bundle.ts';
import { runTasks } from './task-pool.ts';

/** Images of one bug at most; a tenth of one that the lane is not expected to show. */
export const PLANTED_IMAGES = 60_000;
const WORKER = new URL('volumes-worker.ts', import.meta.url);

export interface PlantedVolumeRow {
  readonly name: string;
  readonly caught: boolean;
  /** By an image, or by the volume of a workload as it ran. */
  readonly shownBy: 'image' | 'running volume' | null;
  /** A miss of it fails the run. */
  readonly expected: boolean;
  readonly images: number;
  readonly seconds: number;
  /** The first violation that was reported. */
  readonly by: string;
}

export async function runPlantedVolumes(
  seed: number,
  images: number,
  only: string | undefined,
  told: (row: PlantedVolumeRow) => void,
): Promise<PlantedVolumeRow[]> {
  const rows: PlantedVolumeRow[] = [];
  for (const bug of PLANTED_BUGS.filter(({ name }) => only === undefined || name.includes(only))) {
    const file = await bundleWorker(bug, WORKER);
    const begunMs = Date.now();
    let tally: VolumeTally | undefined;
    try {
      await runTasks<VolumeSlice, VolumeTally>({
        workerPath: file.path,
        setup: undefined,
        tasks: [
          {
            seed,
            from: 0,
            to: Infinity,
            profiles: ALL_PROFILES,
            images: bug.inLane ? images : Math.ceil(images / 10),
            violations: 1,
            faultsEvery: 0,
          },
        ],
        workers: 1,
        untilMs: Infinity,
        told: (_, found) => {
          tally = found;
        },
      });
    } finally {
      file.remove();
    }
    const [violation] = tally?.violations ?? [];
    const isOfImage = violation !== undefined && !violation.id.endsWith('.');
    const shownBy = isOfImage ? 'image' : 'running volume';
    const row: PlantedVolumeRow = {
      name: bug.name,
      caught: violation !== undefined,
      shownBy: violation === undefined ? null : shownBy,
      expected: bug.inLane,
      images: tally?.images ?? 0,
      seconds: (Date.now() - begunMs) / 1_000,
      by: violation === undefined ? '' : `${violation.reason} — ${violation.id}`,
    };
    rows.push(row);
    told(row);
  }
  return rows;
}

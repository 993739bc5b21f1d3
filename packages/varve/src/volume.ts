/**
 * Volumes in a page: a chunk device of any size in one origin's storage, with snapshots that can be
 * written to. A page that only opens a log loads nothing of this.
 */
import { openSharedVolume } from './open-volume.ts';
import { pagePlatform } from './page.ts';
import type { WorkerScript } from './spawn.ts';
import type { OpenPageVolumeOptions, Volume } from './volume-api.ts';

export type * from './volume-api.ts';
// By this the bundler knows that who loads this loads that: no third file holds what they share.
export { VarveError, isVarveError } from './index.ts';

const VOLUMES: WorkerScript = {
  url: () => new URL('./volume-worker.ts', import.meta.url),
  start: () =>
    new Worker(new URL('./volume-worker.ts', import.meta.url), {
      type: 'module',
      name: 'varve-volume',
    }),
};

/**
 * Opens a volume, or makes it. Any number of tabs may: one has the files, the others ask it.
 * @throws BAD_ARGUMENT, CORRUPT, LEADER_UNRESPONSIVE, NOT_FOUND, STORAGE_DENIED, STORE_LOST, TIMEOUT,
 * UNSUPPORTED_VERSION, WORKER_LOAD_FAILED
 */
export async function openVolume(
  name: string,
  options: OpenPageVolumeOptions = {},
): Promise<Volume> {
  return openSharedVolume(pagePlatform(options.worker, VOLUMES), name, options);
}

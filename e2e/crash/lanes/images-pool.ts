/**
 * Shares the cases of the image lane among worker threads and adds up what they find.
 *
 * Always true: cases are given out in chunks, and a chunk counts wholly or not at all; so a run that
 * was stopped knows what is left, and goes on with any number of workers.
 */
import { Worker } from 'node:worker_threads';
import type { Profile } from '@varve/files/simulated';
import type { Slice, SliceProgress } from '@varve/journal/crash';
import type { WorkerFile } from './images-bundle.ts';

export interface PoolOptions {
  readonly seed: number;
  readonly profiles: readonly Profile[];
  readonly workers: number;
  /** Cases of one chunk. */
  readonly chunkCases: number;
  /** Images of one chunk at most. */
  readonly chunkImages: number;
  readonly stopAtViolations: number;
  readonly shrink: boolean;
  /** The next chunk's number; undefined: enough. */
  readonly take: () => number | undefined;
  readonly told: (chunk: number, found: SliceProgress) => void;
}

export interface Pool {
  /** Ends when there is no chunk left, or after `stop`. */
  readonly ended: Promise<void>;
  /** Ends the workers now; chunks that were begun do not count. */
  stop(): void;
}

export function startPool(file: WorkerFile, options: PoolOptions): Pool {
  const running = new Set<Worker>();
  let stopped = false;
  const runOne = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(file.path);
      running.add(worker);
      let current: number | undefined;
      const end = (): void => {
        running.delete(worker);
        void worker.terminate().then(() => resolve());
      };
      const takeOn = (): void => {
        current = stopped ? undefined : options.take();
        if (current === undefined) end();
        else worker.postMessage(sliceOf(options, current));
      };
      worker.on('message', (found: SliceProgress) => {
        if (current !== undefined && !stopped) options.told(current, found);
        takeOn();
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
      takeOn();
    });
  return {
    ended: Promise.all(Array.from({ length: options.workers }, runOne)).then(() => {}),
    stop: () => {
      stopped = true;
      for (const worker of running) void worker.terminate();
    },
  };
}

function sliceOf(options: PoolOptions, chunk: number): Slice {
  const { seed, profiles, chunkCases, chunkImages, stopAtViolations, shrink } = options;
  return {
    seed,
    from: chunk * chunkCases,
    to: (chunk + 1) * chunkCases,
    step: 1,
    profiles,
    images: chunkImages,
    untilMs: 0,
    stopAtViolations,
    shrink,
  };
}

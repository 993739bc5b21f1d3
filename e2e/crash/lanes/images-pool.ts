/** Shares the cases of the image lane among worker threads and adds up what they find. */
import { Worker } from 'node:worker_threads';
import type { Profile } from '@varve/files/simulated';
import type { Slice, SliceProgress } from '@varve/journal/crash';
import type { WorkerFile } from './images-bundle.ts';

export interface PoolOptions {
  readonly seed: number;
  readonly profiles: readonly Profile[];
  readonly images: number;
  readonly minutes: number;
  readonly workers: number;
  readonly stopAtViolations: number;
}

export interface PoolResult {
  readonly images: number;
  readonly cases: number;
  readonly violations: readonly string[];
  /** `profile row` → images. */
  readonly rows: ReadonlyMap<string, number>;
  readonly profiles: ReadonlyMap<string, number>;
  readonly seconds: number;
}

export async function runPool(
  file: WorkerFile,
  options: PoolOptions,
  progress: (result: PoolResult) => void = () => {},
): Promise<PoolResult> {
  const begunMs = Date.now();
  const { seed, profiles, images, minutes, workers, stopAtViolations } = options;
  const latest: SliceProgress[] = [];
  const sum = (): PoolResult => addUp(latest, (Date.now() - begunMs) / 1_000);
  const runOne = (from: number): Promise<void> => {
    const slice: Slice = {
      seed,
      from,
      step: workers,
      profiles,
      images: Math.ceil(images / workers),
      untilMs: minutes > 0 ? begunMs + minutes * 60_000 : 0,
      stopAtViolations,
    };
    return new Promise((resolve, reject) => {
      const worker = new Worker(file.path, { workerData: slice });
      worker.on('message', (message: { progress?: SliceProgress; done?: SliceProgress }) => {
        latest[from] = message.progress ?? message.done ?? latest[from]!;
        if (from === 0 && message.progress !== undefined) progress(sum());
        if (message.done !== undefined) void worker.terminate().then(() => resolve());
      });
      worker.on('error', reject);
    });
  };
  await Promise.all(Array.from({ length: workers }, (_, index) => runOne(index)));
  return sum();
}

function addUp(slices: readonly SliceProgress[], seconds: number): PoolResult {
  const rows = new Map<string, number>();
  const profiles = new Map<string, number>();
  const present = slices.filter((slice) => slice !== undefined);
  for (const slice of present) {
    for (const [key, count] of slice.rows) rows.set(key, (rows.get(key) ?? 0) + count);
    for (const [key, count] of slice.profiles) profiles.set(key, (profiles.get(key) ?? 0) + count);
  }
  return {
    images: present.reduce((total, slice) => total + slice.images, 0),
    cases: present.reduce((total, slice) => total + slice.cases, 0),
    violations: present.flatMap((slice) => slice.violations),
    rows,
    profiles,
    seconds,
  };
}

/**
 * The lane of volumes: power loss at every operation, later lives, failing flushes and files; in Node,
 * without a browser.
 *
 * `--subject volume --images N [--seed S] [--profile A,B] [--minutes M] [--workers W] [--json FILE
 * [--resume]]`; `--replay volume:…` for one image again; `--planted [--only X]`. Ends with 0 when
 * nothing was violated (and every planted bug that the lane must catch was), 1 when something was, 2
 * when it was asked wrongly.
 */
import { Worker } from 'node:worker_threads';
import {
  addVolumeTally,
  ALL_PROFILES,
  type VolumeSlice,
  type VolumeTally,
} from '@varve/volume/crash';
import { UsageError } from '../usage-error.ts';
import { earlierReport, laneArguments, writeReport } from './arguments.ts';
import { bundleWorker } from './images-bundle.ts';
import { commitOfSources, seedOfCommit } from './images-planted.ts';
import { runTasks } from './task-pool.ts';
import { PLANTED_IMAGES, runPlantedVolumes } from './volumes-planted.ts';
import {
  distinctOf,
  lineOf,
  newVolumesReport,
  rowsOf,
  showVolumesReport,
  type VolumesReport,
} from './volumes-report.ts';

const WORKER = new URL('volumes-worker.ts', import.meta.url);
/** Cases of one slice: a few of each profile. */
const SLICE_CASES = 16;
const PROGRESS_MS = 10_000;
const STOP_AT_VIOLATIONS = 20;
const IMAGES_DEFAULT = 2_000_000;
/** A run of so many images over all profiles must have reached every place often enough. */
const FULL_RUN_IMAGES = 2_000_000;
const PLACES_AT_LEAST = 500;

/** @throws UsageError */
export async function runVolumesLane(args: readonly string[]): Promise<number> {
  const replayed = args.findIndex((arg) => /^--replay(?:=|$)/.test(arg));
  if (replayed >= 0) return replay(args[replayed]!.split('=')[1] ?? args[replayed + 1] ?? '');
  const isSubject = (arg: string, index: number): boolean =>
    arg.startsWith('--subject') || args[index - 1] === '--subject' || arg === '--planted';
  const options = laneArguments(
    args.filter((arg, index) => !isSubject(arg, index)),
    'images',
  );
  const { seed, workers, minutes, json, amount, only } = options;
  if (args.includes('--planted')) {
    const isSeeded = args.some((arg) => /^--seed(=|$)/.test(arg));
    return planted(isSeeded ? seed : seedOfCommit(), amount || PLANTED_IMAGES, only, json);
  }
  const profiles = ALL_PROFILES.filter((name) => options.profiles?.includes(name) ?? true);
  if (profiles.length !== (options.profiles?.length ?? profiles.length))
    throw new UsageError(`--profile: of ${ALL_PROFILES.join(', ')}`);
  const commit = commitOfSources();
  const report =
    earlierReport<VolumesReport>(options) ?? newVolumesReport({ seed, commit, profiles });
  if (report.profiles.join() !== profiles.join())
    throw new UsageError(`${json} is of the profiles ${report.profiles.join()}`);
  if (report.commit !== commit) console.log(`! ${json} was begun at commit ${report.commit}`);
  console.log(`seed ${seed}, ${workers} workers, commit ${commit}, ${profiles.join(' ')}`);
  const wanted = amount || IMAGES_DEFAULT;
  await run(report, { wanted, minutes, workers, json });
  const isFull =
    profiles.length === ALL_PROFILES.length && distinctOf(report.tally) >= FULL_RUN_IMAGES;
  const shortfalls = showVolumesReport(report, isFull ? PLACES_AT_LEAST : 0);
  return report.tally.violations.length + shortfalls.length === 0 ? 0 : 1;
}

interface RunLimits {
  readonly wanted: number;
  readonly minutes: number;
  readonly workers: number;
  readonly json: string | undefined;
}

async function run(report: VolumesReport, limits: RunLimits): Promise<void> {
  const { wanted, minutes, workers, json } = limits;
  const { tally, seed, profiles } = report;
  const done = new Set(report.doneBeyond);
  const begunMs = Date.now();
  const before = report.seconds;
  let untilMs = minutes > 0 ? begunMs + minutes * 60_000 : Infinity;
  let toldMs = begunMs;
  const file = await bundleWorker(undefined, WORKER);
  const stop = (): void => {
    console.log('stopping after the slices that were begun');
    untilMs = 0;
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const write = (): void => {
    report.rows = rowsOf(report);
    if (json !== undefined) writeReport(json, report);
  };
  try {
    await runTasks<VolumeSlice & { readonly number: number }, VolumeTally>({
      workerPath: file.path,
      setup: undefined,
      tasks: slices(report.doneTo, done, (number) => ({
        number,
        seed,
        profiles,
        from: number * SLICE_CASES,
        to: (number + 1) * SLICE_CASES,
      })),
      workers,
      get untilMs() {
        const isEnough =
          distinctOf(tally) >= wanted || tally.violations.length >= STOP_AT_VIOLATIONS;
        return isEnough ? 0 : untilMs;
      },
      told: ({ number }, found) => {
        addVolumeTally(tally, found);
        done.add(number);
        while (done.delete(report.doneTo)) report.doneTo++;
        report.doneBeyond = [...done];
        report.seconds = before + (Date.now() - begunMs) / 1_000;
        if (Date.now() - toldMs < PROGRESS_MS) return;
        toldMs = Date.now();
        write();
        console.log(lineOf(report));
      },
    });
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    file.remove();
    write();
  }
}

/** From `next` on, without end, but those that are done. */
function* slices<T>(next: number, done: ReadonlySet<number>, of: (number: number) => T) {
  const before = new Set(done);
  for (let number = next; ; number++) if (!before.has(number)) yield of(number);
}

async function planted(
  seed: number,
  images: number,
  only: string | undefined,
  json: string | undefined,
): Promise<number> {
  const rows = await runPlantedVolumes(seed, images, only, (row) => {
    const mark = row.caught ? '✓' : row.expected ? '✗ NOT CAUGHT' : '– not seen by this lane';
    console.log(
      `${mark} ${row.name}: ${row.shownBy ?? ''} ${row.images} images, ${row.seconds.toFixed(1)} s ${row.by.slice(0, 110)}`,
    );
  });
  const caught = rows.filter((row) => row.caught).length;
  const onImages = rows.filter(({ shownBy }) => shownBy === 'image').length;
  console.log(
    `${caught} of ${rows.length} planted bugs caught, ${onImages} of them on an image, seed ${seed}`,
  );
  if (json !== undefined) writeReport(json, { schema: 1, seed, planted: rows });
  return rows.every((row) => row.caught || !row.expected) ? 0 : 1;
}

/** One image again: the sources as they are. */
async function replay(id: string): Promise<number> {
  const file = await bundleWorker(undefined, WORKER);
  try {
    const tally = await new Promise<VolumeTally>((resolve, reject) => {
      const worker = new Worker(file.path);
      worker.on('message', ({ found }: { found?: VolumeTally }) => {
        if (found !== undefined) void worker.terminate().then(() => resolve(found));
      });
      // No image has that id, or the lane itself is broken.
      worker.on('error', (error) => reject(new UsageError((error as Error).message)));
      worker.postMessage({ replay: id });
    });
    for (const { reason, stack, what } of tally.violations) {
      console.log(`✗ ${reason}\n  after ${what}\n${stack}`);
    }
    for (const [, { places }] of Object.entries(tally.profiles)) {
      console.log(`where the crash fell: ${Object.keys(places).join(', ')}`);
    }
    console.log(tally.violations.length === 0 ? 'nothing violated' : 'violated');
    return tally.violations.length === 0 ? 0 : 1;
  } finally {
    file.remove();
  }
}

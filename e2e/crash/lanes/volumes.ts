/**
 * The lane of volumes: every crash of short workloads, and failing files, on the simulated disk.
 *
 * `--subject volume --images N [--seed S] [--minutes M] [--workers W] [--json FILE [--resume]]`: cases
 * from number S on, until N images were looked at. `--replay volume:…` for one case again.
 */
import {
  addVolumeTally,
  newVolumeTally,
  replayVolume,
  type VolumeSlice,
  type VolumeTally,
} from '@varve/volume/crash';
import { earlierReport, laneArguments, writeReport } from './arguments.ts';
import { bundleWorker } from './images-bundle.ts';
import { runTasks } from './task-pool.ts';

interface VolumesReport {
  readonly schema: 1;
  readonly seed: number;
  seconds: number;
  readonly tally: VolumeTally;
  rows: readonly object[];
  /** Slices below `doneTo` are done, and those of `doneBeyond`. */
  doneTo: number;
  doneBeyond: number[];
}

const WORKER = new URL('volumes-worker.ts', import.meta.url);
const SLICE_CASES = 5;
const PROGRESS_MS = 10_000;
const STOP_AT_VIOLATIONS = 20;
/** More than any run takes: it ends by its images. */
const SLICES_MAX = 200_000;

/** @throws UsageError */
export async function runVolumesLane(args: readonly string[]): Promise<number> {
  const replayed = args.findIndex((arg) => /^--replay(?:=|$)/.test(arg));
  if (replayed >= 0) return replay(args[replayed]!.split('=')[1] ?? args[replayed + 1] ?? '');
  const isSubject = (arg: string, index: number): boolean =>
    arg.startsWith('--subject') || args[index - 1] === '--subject';
  const options = laneArguments(
    args.filter((arg, index) => !isSubject(arg, index)),
    'images',
  );
  const { seed, workers, minutes, json, amount } = options;
  const report: VolumesReport = earlierReport<VolumesReport>(options) ?? {
    schema: 1,
    seed,
    seconds: 0,
    tally: newVolumeTally(),
    rows: [],
    doneTo: 0,
    doneBeyond: [],
  };
  const { tally } = report;
  const done = new Set(report.doneBeyond);
  const wanted = amount || 2_000_000;
  const begunMs = Date.now();
  const before = report.seconds;
  let untilMs = minutes > 0 ? begunMs + minutes * 60_000 : Infinity;
  let toldMs = begunMs;
  const tasks: number[] = [];
  for (let slice = report.doneTo; slice < SLICES_MAX; slice++)
    if (!done.has(slice)) tasks.push(slice);
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
      tasks: tasks.map((number) => {
        const from = seed + number * SLICE_CASES;
        return { number, from, to: from + SLICE_CASES };
      }),
      workers,
      get untilMs() {
        const isEnough = tally.images >= wanted || tally.violations.length >= STOP_AT_VIOLATIONS;
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
        console.log(lineOf(report));
        write();
      },
    });
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    file.remove();
    write();
  }
  for (const { id, reason } of tally.violations) console.log(`✗ ${id} — ${reason}`);
  console.table(report.rows);
  console.log(lineOf(report));
  return tally.violations.length === 0 ? 0 : 1;
}

function rowsOf({ tally, seconds }: VolumesReport): object[] {
  const rate = Math.round(tally.images / Math.max(0.001, seconds));
  const ofProfile = Object.entries(tally.profiles).map(([profile, { images }]) => ({
    subject: 'volume',
    profile,
    images,
    distinct: images,
    violations: tally.violations.filter(({ reason }) => reason.includes(`(${profile})`)).length,
    rate,
  }));
  const faults = tally.violations.filter(({ id }) => id.startsWith('volume-faults')).length;
  return [
    ...ofProfile,
    {
      subject: 'volume',
      profile: 'failing files (runs)',
      images: tally.faultRuns,
      distinct: tally.faultRuns,
      violations: faults,
      rate: Math.round(tally.faultRuns / Math.max(0.001, seconds)),
    },
  ];
}

function lineOf({ seconds, tally }: VolumesReport): string {
  const { cases, images, secondImages, faultRuns, strikes, violations } = tally;
  const rate = (images / Math.max(0.001, seconds)).toFixed(0);
  return (
    `${images} images (${secondImages} of a second crash) of ${cases} cases, ${faultRuns} runs with ` +
    `${strikes} failures of files, ${violations.length} violations, ${seconds.toFixed(1)} s, ${rate}/s`
  );
}

async function replay(id: string): Promise<number> {
  try {
    await replayVolume(id);
    console.log('nothing violated');
    return 0;
  } catch (error) {
    console.log(`✗ ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}

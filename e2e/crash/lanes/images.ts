/**
 * The simulated lane: power loss at every operation, faults, damage, later lives; in Node, without a
 * browser.
 *
 * `--images N --seed S --profile A,B --minutes M --workers W --json FILE [--resume]`, `--exhaustive` with
 * the same, or `--replay ID`, or `--planted`. Ends with 0 when nothing was violated (and every planted bug was caught), 1 when
 * something was, 2 when it was asked wrongly.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { ALL_PROFILES, type SliceProgress } from '@varve/journal/crash';
import { UsageError } from '../usage-error.ts';
import { earlierReport, writeReport } from './arguments.ts';
import { bundleWorker } from './images-bundle.ts';
import { commitOfSources, runPlanted, seedOfCommit } from './images-planted.ts';
import { startPool } from './images-pool.ts';
import {
  addChunk,
  type ImagesReport,
  newReport,
  rateOf,
  showReport,
  walkOf,
} from './images-report.ts';

const TEXT = { type: 'string' } as const;
const FLAG = { type: 'boolean' } as const;
const OPTIONS = {
  images: TEXT,
  exhaustive: FLAG,
  seed: TEXT,
  profile: TEXT,
  minutes: TEXT,
  workers: TEXT,
  json: TEXT,
  resume: FLAG,
  replay: TEXT,
  planted: FLAG,
  only: TEXT,
} as const;
/** Images of an ordinary test run: a planted bug must be caught within so many. */
const PLANTED_IMAGES = 200_000;
const PROGRESS_MS = 10_000;
const STOP_AT_VIOLATIONS = 20;
/** Cases of one chunk: a few of each profile. */
const CHUNK_CASES = 16;
/** A run of so many images must have reached every row often enough. */
const FULL_RUN_IMAGES = 12_000_000;
const ROWS_AT_LEAST = 1_000;

type Values = ReturnType<typeof parsed>;

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

export async function runImagesLane(args: readonly string[]): Promise<number> {
  const values = parsed(args);
  const seed = number(values, 'seed') || 1;
  if (values.replay !== undefined) return replay(values.replay);
  const images = number(values, 'images');
  if (values.planted === true)
    return planted(
      number(values, 'seed') || seedOfCommit(),
      images || PLANTED_IMAGES,
      values.only,
      values.json,
    );
  return run(values, seed, images);
}

/** @throws UsageError */
function number(values: Values, name: 'images' | 'seed' | 'minutes' | 'workers'): number {
  const value = Number(values[name] ?? 0);
  if (!(value >= 0)) throw new UsageError(`--${name} ${values[name]}: a number`);
  return value;
}

async function run(values: Values, seed: number, wanted: number): Promise<number> {
  const named = values.profile?.split(',');
  const profiles = ALL_PROFILES.filter((name) => named?.includes(name) ?? true);
  if (profiles.length !== (named?.length ?? profiles.length))
    throw new UsageError(`--profile ${values.profile}: of ${ALL_PROFILES.join(', ')}`);
  const { json } = values;
  if (values.resume === true && json === undefined) throw new UsageError('--resume needs --json');
  const minutes = number(values, 'minutes');
  const workers = number(values, 'workers') || availableParallelism();
  const everySubset = values.exhaustive === true;
  const report =
    earlierReport<ImagesReport>({ seed, json, resume: values.resume === true }) ??
    newReport({ seed, commit: commitOfSources(), profiles, chunkCases: CHUNK_CASES, everySubset });
  if (report.everySubset !== everySubset) throw new UsageError(`${json} is of another walk`);
  if (report.profiles.join() !== profiles.join())
    throw new UsageError(`${json} is of the profiles ${report.profiles.join(',')}`);
  if (report.commit !== commitOfSources())
    console.log(`! ${json} was begun at commit ${report.commit}`);
  console.log(
    `seed ${seed}, ${workers} workers, commit ${commitOfSources()}, ${profiles.join(' ')}`,
  );

  const images = wanted > 0 ? wanted : Infinity;
  const begunMs = Date.now();
  const before = report.seconds;
  const untilMs = minutes > 0 ? begunMs + minutes * 60_000 : Infinity;
  const done = new Set(report.doneBeyond);
  let next = report.doneTo;
  const end = everySubset ? walkOf(report).to : Infinity;
  const take = (): number | undefined => {
    const enough =
      report.distinct >= images ||
      Date.now() > untilMs ||
      report.failures.length >= STOP_AT_VIOLATIONS;
    if (enough) return undefined;
    while (done.has(next)) next++;
    return next < end ? next++ : undefined;
  };
  let toldMs = begunMs;
  const told = (chunk: number, found: SliceProgress): void => {
    addChunk(report, chunk, found, before + (Date.now() - begunMs) / 1_000);
    if (Date.now() - toldMs < PROGRESS_MS) return;
    toldMs = Date.now();
    const left = images === Infinity ? '' : ` of ${images}`;
    const { from, to } = walkOf(report);
    const walked = everySubset ? `${Math.floor((100 * (next - from)) / (to - from))}%: ` : '';
    console.log(
      `${walked}${report.distinct}${left} images of ${report.cases} cases, ${report.failures.length} violations, ${rateOf(report)}/s`,
    );
    if (json !== undefined) writeReport(json, report);
  };
  const file = await bundleWorker();
  const pool = startPool(file, {
    seed,
    profiles,
    workers,
    chunkCases: report.chunkCases,
    chunkImages: Infinity,
    stopAtViolations: STOP_AT_VIOLATIONS,
    shrink: true,
    take,
    told,
  });
  const stop = (): void => {
    console.log('stopped');
    pool.stop();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    await pool.ended;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    file.remove();
    if (json !== undefined) writeReport(json, report);
  }
  const mixed = profiles.length === ALL_PROFILES.length && !everySubset;
  const full = mixed && report.images >= FULL_RUN_IMAGES;
  const shortfalls = showReport(report, full ? ROWS_AT_LEAST : 0);
  return report.failures.length + shortfalls.length === 0 ? 0 : 1;
}

/** Looks at one image again: the sources as they are. */
async function replay(id: string): Promise<number> {
  const file = await bundleWorker();
  try {
    const found = await new Promise<SliceProgress>((resolve, reject) => {
      const worker = new Worker(file.path);
      worker.on('message', (message: SliceProgress) => {
        void worker.terminate().then(() => resolve(message));
      });
      worker.on('error', reject);
      worker.postMessage({ replay: id });
    });
    for (const violation of found.violations) console.log(`✗ ${violation}`);
    const [one] = Object.values(found.profiles);
    console.log(`rows: ${Object.keys(one?.rows ?? {}).join(', ')}`);
    console.log(found.violations.length === 0 ? 'nothing violated' : 'violated');
    return found.violations.length === 0 ? 0 : 1;
  } finally {
    file.remove();
  }
}

async function planted(
  seed: number,
  images: number,
  only: string | undefined,
  json: string | undefined,
): Promise<number> {
  const rows = await runPlanted(
    seed,
    images,
    only,
    ({ name, caught, images: seen, seconds, by }) => {
      console.log(
        `${caught ? '✓' : '✗ NOT CAUGHT'} ${name}: ${seen} images, ${seconds.toFixed(1)} s ${by.slice(0, 110)}`,
      );
    },
  );
  const missed = rows.filter(({ caught }) => !caught);
  console.log(`${rows.length - missed.length} of ${rows.length} planted bugs caught`);
  if (json !== undefined) writeReport(json, { schema: 1, seed, planted: rows });
  return missed.length === 0 ? 0 : 1;
}

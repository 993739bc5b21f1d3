/**
 * Automatic mutants of the code that decides what survives: each must be killed by the image lane, by
 * the damage lane's slice, or by the journal's own tests.
 *
 * `--mutants N [--seed S] [--minutes M] [--workers W] [--only FILE] [--json FILE [--resume]]`. Ends
 * with 1 when fewer than nine of ten are killed. The sources as they are must survive first.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  asPlanted,
  chooseMutants,
  type Mutant,
  nameOf,
  type PlantedBug,
} from '@varve/journal/crash/mutants';
import type { TrialLimits, TrialResult } from '@varve/journal/crash/mutants/trial';
import { earlierReport, laneArguments, writeReport } from './arguments.ts';
import { bundleWorker } from './images-bundle.ts';

export interface MutantRow {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly operator: string;
  readonly before: string;
  readonly after: string;
  readonly killed: boolean;
  readonly by: string;
  readonly why: string;
  readonly images: number;
  readonly seconds: number;
  /** The journal's own tests have been run on it. */
  readonly isTested: boolean;
}

interface MutantsReport {
  readonly schema: 1;
  readonly seed: number;
  readonly rows: MutantRow[];
}

const LIMITS = { images: 5_000, seconds: 90, damagePerStore: 12 };
const KILLED_MIN = 0.9;
/** Silence of a trial after which it hangs: a mutant that never ends is killed. */
const SILENT_MS = 75_000;
const TESTS_MS = 600_000;
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const CONFIG = 'packages/journal/crash/mutants/vite.config.ts';

interface Verdict {
  readonly by: string;
  readonly why: string;
  readonly images: number;
}

export async function runMutantsLane(args: readonly string[]): Promise<number> {
  const options = laneArguments(args, 'mutants');
  const { seed, json, workers, minutes, only, amount } = options;
  const report = earlierReport<MutantsReport>(options) ?? { schema: 1, seed, rows: [] };
  const { rows } = report;
  const chosen = chooseMutants(seed, amount || 100).filter(
    ({ file }) => only === undefined || file.includes(only),
  );
  const untilMs = minutes > 0 ? Date.now() + minutes * 60_000 : Infinity;
  const tell = (row: MutantRow): void => {
    const { killed, name, by, images, seconds } = row;
    const mark = killed ? '✓' : row.isTested ? '✗ SURVIVES' : '… lives so far';
    console.log(`${mark} ${name}: ${by} ${images} images, ${seconds.toFixed(1)} s`);
    if (json !== undefined) writeReport(json, report);
  };

  const done = new Set(rows.map(({ name }) => name));
  const untried = chosen.filter((mutant) => !done.has(nameOf(mutant)));
  const isSound = survives(await lanes(undefined, seed));
  if (!isSound) return 1;
  await forEach(untried, workers, untilMs, async (mutant) => {
    const row = await tried(mutant, seed);
    rows.push(row);
    tell(row);
  });

  // What the lanes did not kill the journal's own tests may: they are slower.
  const left = rows.filter(({ killed, isTested }) => !killed && !isTested);
  if (left.length > 0 && !survives(await tests(undefined))) return 1;
  await forEach(left, workers, untilMs, async (row) => {
    const mutant = chosen.find((one) => nameOf(one) === row.name);
    if (mutant === undefined) return;
    const begunMs = Date.now();
    const { by, why } = await tests(asPlanted(mutant));
    const seconds = row.seconds + (Date.now() - begunMs) / 1_000;
    const tested = { ...row, killed: by !== '', by, why, seconds, isTested: true };
    rows[rows.indexOf(row)] = tested;
    tell(tested);
  });

  const killed = rows.filter((row) => row.killed).length;
  const open = rows.filter((row) => !row.killed && !row.isTested).length;
  console.log(`${killed} of ${rows.length} mutants killed; ${open} not seen by the own tests yet`);
  return open === 0 && rows.length > 0 && killed >= KILLED_MIN * rows.length ? 0 : 1;
}

/** The sources as they are must: else everything would count as killed. */
function survives({ by, why }: Verdict): boolean {
  if (by !== '') console.log(`✗ the sources as they are do not survive: ${by}: ${why}`);
  return by === '';
}

async function forEach<T>(
  list: readonly T[],
  workers: number,
  untilMs: number,
  visit: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    while (next < list.length && Date.now() < untilMs) await visit(list[next++]!);
  };
  await Promise.all(Array.from({ length: workers }, run));
}

async function tried(mutant: Mutant, seed: number): Promise<MutantRow> {
  const begunMs = Date.now();
  const { file, line, operator, before, after } = mutant;
  const { by, why, images } = await lanes(asPlanted(mutant), seed);
  const seconds = (Date.now() - begunMs) / 1_000;
  const facts = { name: nameOf(mutant), file, line, operator, before, after };
  const isTested = false;
  return { ...facts, killed: by !== '', by, why: why.slice(0, 300), images, seconds, isTested };
}

/** Which of the lanes kills it; '' when none does. */
async function lanes(bug: PlantedBug | undefined, seed: number): Promise<Verdict> {
  const file = await bundleWorker(bug, new URL('mutants-worker.ts', import.meta.url));
  try {
    return await trial(file.path, { seed, ...LIMITS });
  } finally {
    file.remove();
  }
}

/** Whether the journal's own tests kill it. */
async function tests(bug: PlantedBug | undefined): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'varve-mutant-'));
  try {
    const path = join(folder, 'mutant.json');
    if (bug !== undefined) writeFileSync(path, JSON.stringify(bug));
    const why = await runTests(bug === undefined ? undefined : path);
    return { by: why === undefined ? '' : 'own tests', why: why ?? '', images: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function trial(path: string, limits: TrialLimits): Promise<Verdict> {
  return new Promise((resolve) => {
    const worker = new Worker(path, { workerData: limits, stderr: true });
    let images = 0;
    let watch = setTimeout(() => {}, 0);
    const end = (by: string, why: string): void => {
      clearTimeout(watch);
      void worker.terminate().then(() => resolve({ by, why, images }));
    };
    const hear = (): void => {
      clearTimeout(watch);
      watch = setTimeout(() => end('hang', `silent for ${SILENT_MS} ms`), SILENT_MS);
    };
    hear();
    worker.on('message', (message: { result?: TrialResult }) => {
      hear();
      const { result } = message;
      if (result === undefined) return;
      images = result.images;
      end(result.killedBy ?? '', result.why);
    });
    worker.on('error', (error: unknown) => end('image lane', String(error)));
  });
}

/** The first test that fails; undefined when all pass. */
function runTests(mutantFile: string | undefined): Promise<string | undefined> {
  return new Promise((resolve) => {
    const env = { ...process.env, VARVE_MUTANT: mutantFile };
    const program = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const args = [program, 'run', '--config', CONFIG, '--reporter=tap-flat'];
    const child = spawn(process.execPath, args, { cwd: ROOT, env });
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    const watch = setTimeout(() => child.kill('SIGKILL'), TESTS_MS);
    child.on('close', (code) => {
      clearTimeout(watch);
      const failed = /^not ok \d+ - (.*)$/m.exec(output)?.[1];
      resolve(code === 0 ? undefined : (failed ?? `ended with ${code}`));
    });
  });
}

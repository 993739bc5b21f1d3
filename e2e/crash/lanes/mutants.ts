/**
 * Automatic mutants of the code that decides what survives: each must be killed by the journal's own
 * tests, by the image lane, or by the damage lane's slice.
 *
 * `--mutants N [--seed S] [--minutes M] [--workers W] [--only FILE] [--json FILE [--resume]]`. Ends
 * with 1 when fewer than nine of ten are killed. The sources as they are must survive first. Resumed,
 * it shows what lives to the own tests again: they may have grown.
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
  /** The lanes have been run on it, or it was killed before. */
  readonly isDone: boolean;
}

interface MutantsReport {
  readonly schema: 1;
  readonly seed: number;
  readonly rows: MutantRow[];
}

/** All but a few of those that the image lane kills die within 2,400 images. */
const LIMITS = { images: 2_500, seconds: 90, damagePerStore: 12 };
const KILLED_MIN = 0.9;
/** Silence of a trial after which it hangs: a mutant that never ends is killed. */
const SILENT_MS = 75_000;
/** The own tests hang when they take so many times as long as with the sources as they are. */
const TESTS_SLOWER = 10;
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
    const mark = killed ? '✓' : row.isDone ? '✗ SURVIVES' : '… lives so far';
    console.log(`${mark} ${name}: ${by} ${images} images, ${seconds.toFixed(1)} s`);
    if (json !== undefined) writeReport(json, report);
  };
  /** Shows a mutant to something that may kill it. */
  const show = async (
    mutant: Mutant,
    isLast: boolean,
    killer: (bug: PlantedBug) => Promise<Verdict>,
  ): Promise<void> => {
    const { file, line, operator, before, after } = mutant;
    const name = nameOf(mutant);
    const index = rows.findIndex((row) => row.name === name);
    const earlier = rows[index];
    const begunMs = Date.now();
    const { by, why, images } = await killer(asPlanted(mutant));
    const row = {
      ...{ name, file, line, operator, before, after },
      killed: by !== '',
      by,
      why: why.slice(0, 300),
      images: images + (earlier?.images ?? 0),
      seconds: (Date.now() - begunMs) / 1_000 + (earlier?.seconds ?? 0),
      isDone: by !== '' || isLast || earlier?.isDone === true,
    };
    if (earlier === undefined) rows.push(row);
    else rows[rows.indexOf(earlier)] = row;
    tell(row);
  };
  const rowOf = (mutant: Mutant): MutantRow | undefined =>
    rows.find(({ name }) => name === nameOf(mutant));

  // The own tests first: they take seconds.
  const alive = chosen.filter((mutant) => rowOf(mutant)?.killed !== true);
  const begunMs = Date.now();
  if (!survives(await tests(undefined, TESTS_MS))) return 1;
  const testsMs = Math.min(TESTS_MS, TESTS_SLOWER * (Date.now() - begunMs));
  await forEach(alive, workers, untilMs, (mutant) =>
    show(mutant, false, (bug) => tests(bug, testsMs)),
  );

  const left = chosen.filter((mutant) => rowOf(mutant)?.isDone === false);
  if (left.length > 0 && !survives(await lanes(undefined, seed))) return 1;
  await forEach(left, workers, untilMs, (mutant) => show(mutant, true, (bug) => lanes(bug, seed)));

  const killed = rows.filter((row) => row.killed).length;
  const open = chosen.filter((mutant) => rowOf(mutant)?.isDone !== true).length;
  console.log(`${killed} of ${rows.length} mutants killed; ${open} not shown to everything yet`);
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
async function tests(bug: PlantedBug | undefined, withinMs: number): Promise<Verdict> {
  const folder = mkdtempSync(join(tmpdir(), 'varve-mutant-'));
  try {
    const path = join(folder, 'mutant.json');
    if (bug !== undefined) writeFileSync(path, JSON.stringify(bug));
    return await runTests(bug === undefined ? undefined : path, withinMs);
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

/** What of the journal's own tests fails first; or that they do not end. */
function runTests(mutantFile: string | undefined, withinMs: number): Promise<Verdict> {
  return new Promise((resolve) => {
    const env = { ...process.env, VARVE_MUTANT: mutantFile };
    const program = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
    const args = [program, 'run', '--config', CONFIG, '--reporter=tap-flat'];
    const child = spawn(process.execPath, args, { cwd: ROOT, env });
    let output = '';
    let hangs = false;
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    const watch = setTimeout(() => {
      hangs = true;
      child.kill('SIGKILL');
    }, withinMs);
    child.on('close', (code) => {
      clearTimeout(watch);
      // What was not run any more is "not ok", too, without a time.
      const failed = /^not ok \d+ - (.*) # time=/m.exec(output)?.[1];
      if (code === 0) resolve({ by: '', why: '', images: 0 });
      else if (hangs) resolve({ by: 'hang', why: `own tests: over ${withinMs} ms`, images: 0 });
      else resolve({ by: 'own tests', why: failed ?? `ended with ${code}`, images: 0 });
    });
  });
}

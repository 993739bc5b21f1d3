/**
 * Automatic mutants of the code that decides what survives: each must be killed by the image lane, by
 * the damage lane's slice, or by the journal's own tests.
 *
 * `--mutants N [--seed S] [--minutes M] [--workers W] [--only FILE] [--json FILE [--resume]]`. Ends
 * with 1 when fewer than nine of ten are killed. The sources as they are must survive first.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
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
}

interface MutantsReport {
  readonly schema: 1;
  readonly seed: number;
  readonly rows: MutantRow[];
}

const LIMITS = { images: 60_000, seconds: 25, damagePerStore: 40 };
const KILLED_MIN = 0.9;
/** Silence of a trial after which it hangs: a mutant that never ends is killed. */
const SILENT_MS = 45_000;
const TESTS_MS = 240_000;
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
  const chosen = chooseMutants(seed, amount || 100).filter(
    ({ file }) => only === undefined || file.includes(only),
  );
  const done = new Set(report.rows.map(({ name }) => name));
  const left = chosen.filter((mutant) => !done.has(nameOf(mutant)));
  const control = await judge(undefined, seed);
  if (control.by !== '') {
    console.log(`✗ the sources as they are do not survive: ${control.by}: ${control.why}`);
    return 1;
  }
  const untilMs = minutes > 0 ? Date.now() + minutes * 60_000 : Infinity;
  const runOne = async (): Promise<void> => {
    for (let mutant = left.shift(); mutant !== undefined; mutant = left.shift()) {
      if (Date.now() > untilMs) return;
      const row = await tried(mutant, seed);
      report.rows.push(row);
      const { killed, name, by, images, seconds } = row;
      console.log(
        `${killed ? '✓' : '✗ SURVIVES'} ${name}: ${by} ${images} images, ${seconds.toFixed(1)} s`,
      );
      if (json !== undefined) writeReport(json, report);
    }
  };
  await Promise.all(Array.from({ length: workers }, runOne));
  const killed = report.rows.filter((row) => row.killed).length;
  console.log(`${killed} of ${report.rows.length} mutants killed`);
  if (left.length > 0) console.log(`${left.length} were not tried`);
  return killed >= KILLED_MIN * report.rows.length && report.rows.length > 0 ? 0 : 1;
}

async function tried(mutant: Mutant, seed: number): Promise<MutantRow> {
  const begunMs = Date.now();
  const { file, line, operator, before, after } = mutant;
  const { by, why, images } = await judge(asPlanted(mutant), seed);
  const seconds = (Date.now() - begunMs) / 1_000;
  const facts = { name: nameOf(mutant), file, line, operator, before, after };
  return { ...facts, killed: by !== '', by, why: why.slice(0, 300), images, seconds };
}

/** Who kills it; '' when nobody does. */
async function judge(bug: PlantedBug | undefined, seed: number): Promise<Verdict> {
  const file = await bundleWorker(bug, new URL('mutants-worker.ts', import.meta.url));
  try {
    const verdict = await trial(file.path, { seed, ...LIMITS });
    if (verdict.by !== '') return verdict;
    const mutantFile = join(dirname(file.path), 'mutant.json');
    writeFileSync(mutantFile, JSON.stringify(bug ?? null));
    const why = await runTests(bug === undefined ? undefined : mutantFile);
    return why === undefined ? verdict : { ...verdict, by: 'own tests', why };
  } finally {
    file.remove();
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

/**
 * The fuzz lane: hostile bytes for every decoder, in Node.
 *
 * `--fuzz N [--seed S] [--minutes M] [--workers W] [--only TARGET] [--json FILE [--resume]]`.
 */
import {
  type FuzzFound,
  type FuzzTask,
  fuzzTasks,
  journalTargets,
} from '@varve/journal/crash/fuzz';
import { codecTargets } from '../fuzz/codec-targets.ts';
import { earlierReport, laneArguments, writeReport } from './arguments.ts';
import { bundleWorker } from './images-bundle.ts';
import { runTasks } from './task-pool.ts';

interface FuzzReport {
  readonly schema: 1;
  readonly seed: number;
  seconds: number;
  readonly rows: FuzzRow[];
  readonly failures: string[];
  readonly done: string[];
}

interface FuzzRow {
  readonly target: string;
  inputs: number;
  failures: number;
  slowestMs: number;
  reservedMax: number;
}

const PROGRESS_MS = 10_000;
const FAILURES_SHOWN = 20;
/** A worker that says nothing for so long hangs. */
const SILENT_MS = 120_000;
const keyOf = ({ target, block }: FuzzTask): string => `${target} ${block}`;

export async function runFuzzLane(args: readonly string[]): Promise<number> {
  const options = laneArguments(args, 'fuzz');
  const { seed, workers, minutes, json, only, amount } = options;
  const empty: FuzzReport = { schema: 1, seed, seconds: 0, rows: [], failures: [], done: [] };
  const report = earlierReport<FuzzReport>(options) ?? empty;
  const targets = [...(await journalTargets()), ...codecTargets()];
  const done = new Set(report.done);
  const all = fuzzTasks(targets, amount || 1_000_000);
  const tasks = all.filter(
    (task) => !done.has(keyOf(task)) && (only === undefined || task.target.includes(only)),
  );
  const file = await bundleWorker(undefined, new URL('fuzz-worker.ts', import.meta.url));
  const begunMs = Date.now();
  const before = report.seconds;
  let toldMs = begunMs;
  let heardMs = begunMs;
  const watch = setInterval(() => {
    if (Date.now() - heardMs < SILENT_MS) return;
    console.error(`✗ no worker has said anything for ${SILENT_MS} ms: a decoder hangs`);
    process.exit(1);
  }, PROGRESS_MS);
  try {
    await runTasks<FuzzTask, FuzzFound>({
      workerPath: file.path,
      setup: { seed },
      tasks,
      workers,
      untilMs: minutes > 0 ? begunMs + minutes * 60_000 : Infinity,
      told: (task, found) => {
        heardMs = Date.now();
        report.seconds = before + (heardMs - begunMs) / 1_000;
        add(report, task, found);
        if (heardMs - toldMs < PROGRESS_MS) return;
        toldMs = heardMs;
        console.log(`${inputsOf(report)} inputs, ${report.failures.length} failures`);
        if (json !== undefined) writeReport(json, report);
      },
    });
  } finally {
    clearInterval(watch);
    file.remove();
  }
  if (json !== undefined) writeReport(json, report);
  for (const failure of report.failures.slice(0, FAILURES_SHOWN)) console.log(`✗ ${failure}`);
  console.table(report.rows);
  console.log(
    `${inputsOf(report)} inputs in ${report.seconds.toFixed(1)} s, ${report.failures.length} failures`,
  );
  return report.failures.length === 0 ? 0 : 1;
}

function add(report: FuzzReport, task: FuzzTask, found: FuzzFound): void {
  let row = report.rows.find(({ target }) => target === task.target);
  if (row === undefined) {
    row = { target: task.target, inputs: 0, failures: 0, slowestMs: 0, reservedMax: 0 };
    report.rows.push(row);
  }
  row.inputs += found.inputs;
  row.failures += found.failures.length;
  row.slowestMs = Math.max(row.slowestMs, Math.round(found.slowestMs));
  row.reservedMax = Math.max(row.reservedMax, found.reservedMax);
  report.failures.push(...found.failures);
  report.done.push(keyOf(task));
}

const inputsOf = ({ rows }: FuzzReport): number =>
  rows.reduce((sum, { inputs }) => sum + inputs, 0);

/**
 * The damage lane: every bit, sector, swap, older version and misdirected write of the golden stores,
 * in Node, without a browser.
 *
 * `--damage [--seed S] [--minutes M] [--workers W] [--only KIND] [--json FILE [--resume]]`.
 */
import {
  type DamageFound,
  DamageLane,
  type DamageTask,
  damageTasks,
  FINDINGS,
} from '@varve/journal/crash/damage';
import { earlierReport, laneArguments, writeReport } from './arguments.ts';
import { bundleWorker } from './images-bundle.ts';
import { runTasks } from './task-pool.ts';

interface DamageReport {
  readonly schema: 1;
  readonly seed: number;
  seconds: number;
  readonly rows: DamageRow[];
  readonly violations: string[];
  /** Tasks that are done, for a run that goes on. */
  readonly done: string[];
}

interface DamageRow {
  readonly store: string;
  readonly kind: string;
  images: number;
  opened: number;
  violations: number;
  readonly findings: Record<string, number>;
}

const PROGRESS_MS = 10_000;
const VIOLATIONS_SHOWN = 20;
const keyOf = ({ store, kind, from }: DamageTask): string => `${kind} ${store} ${from}`;

export async function runDamageLane(args: readonly string[]): Promise<number> {
  const options = laneArguments(args, 'damage');
  const { seed, workers, minutes, json, only } = options;
  const report: DamageReport = earlierReport<DamageReport>(options) ?? {
    schema: 1,
    seed,
    seconds: 0,
    rows: [],
    violations: [],
    done: [],
  };
  const { stores } = await DamageLane.make(seed);
  const all = damageTasks(stores).filter(({ kind }) => only === undefined || kind.includes(only));
  const done = new Set(report.done);
  const tasks = all.filter((task) => !done.has(keyOf(task)));
  const total = all.reduce((sum, { from, to }) => sum + to - from, 0);
  console.log(`seed ${seed}, ${workers} workers, ${stores.length} stores, ${total} images in all`);
  const file = await bundleWorker(undefined, new URL('damage-worker.ts', import.meta.url));
  const begunMs = Date.now();
  const before = report.seconds;
  let toldMs = begunMs;
  try {
    await runTasks<DamageTask, DamageFound>({
      workerPath: file.path,
      setup: { seed },
      tasks,
      workers,
      untilMs: minutes > 0 ? begunMs + minutes * 60_000 : Infinity,
      told: (task, found) => {
        report.seconds = before + (Date.now() - begunMs) / 1_000;
        add(report, task, found);
        if (Date.now() - toldMs < PROGRESS_MS) return;
        toldMs = Date.now();
        console.log(
          `${imagesOf(report)} of ${total} images, ${report.violations.length} violations`,
        );
        if (json !== undefined) writeReport(json, report);
      },
    });
  } finally {
    file.remove();
  }
  if (json !== undefined) writeReport(json, report);
  show(report);
  if (report.done.length < all.length) console.log('not all of it was done');
  return report.violations.length === 0 ? 0 : 1;
}

function add(report: DamageReport, task: DamageTask, found: DamageFound): void {
  const { store, kind } = task;
  let row = report.rows.find((one) => one.store === store && one.kind === kind);
  if (row === undefined) {
    const findings = Object.fromEntries(FINDINGS.map((name) => [name, 0]));
    row = { store, kind, images: 0, opened: 0, violations: 0, findings };
    report.rows.push(row);
  }
  row.images += found.images;
  row.opened += found.opened;
  row.violations += found.violations.length;
  for (const name of FINDINGS) row.findings[name]! += found.findings[name];
  report.violations.push(...found.violations);
  report.done.push(keyOf(task));
}

const imagesOf = ({ rows }: DamageReport): number =>
  rows.reduce((sum, { images }) => sum + images, 0);

/** One line a kind, over all stores. */
function show(report: DamageReport): void {
  for (const violation of report.violations.slice(0, VIOLATIONS_SHOWN))
    console.log(`✗ ${violation}`);
  const kinds = new Map<string, Record<string, number>>();
  for (const { kind, images, opened, violations, findings } of report.rows) {
    const sum = kinds.get(kind) ?? {};
    kinds.set(kind, sum);
    for (const [name, count] of Object.entries({ images, opened, violations, ...findings }))
      sum[name] = (sum[name] ?? 0) + count;
  }
  console.table(Object.fromEntries(kinds));
  const images = imagesOf(report);
  const rate = Math.round(images / Math.max(0.001, report.seconds));
  console.log(
    `${images} images in ${report.seconds.toFixed(1)} s, ${rate}/s, ${report.violations.length} violations`,
  );
}

/**
 * The lane of tabs: 2 to 8 tabs with their engines on one simulated machine, in Node, without a browser.
 *
 * `--tabs N [--seed S] [--minutes M] [--workers W] [--json FILE [--resume]]`: N seeds from S on.
 * `--tabs N --subject volume …`: of tabs that have a volume open.
 * `--tabs N --planted [--only PART]`: each planted bug must be caught within N seeds.
 * `--replay tabs:… [--trace]`, `--replay volume-tabs:…`: one case again; with every message between
 * contexts.
 */
import { parseArgs } from 'node:util';
import {
  PLANTED_TAB_BUGS,
  addTabsTally,
  type Subject,
  caseOfName,
  newTabsTally,
  replayTabs,
  runTabsSlice,
  sliceFrom,
  type TabsFailure,
  type TabsSlice,
  type TabsTally,
} from '@varve/engine/sim';
import { type LaneArguments, earlierReport, laneArguments, writeReport } from './arguments.ts';
import { bundleWorker } from './images-bundle.ts';
import { commitOfSources } from './images-planted.ts';
import { runTasks } from './task-pool.ts';
import { UsageError } from '../usage-error.ts';

interface TabsReport {
  readonly schema: 1;
  readonly seed: number;
  /** Of the sources, as it was begun. */
  readonly commit?: string;
  seconds: number;
  readonly tally: TabsTally;
  /** Slices below `doneTo` are done, and those of `doneBeyond`. */
  doneTo: number;
  doneBeyond: number[];
}

const WORKER = new URL('tabs-worker.ts', import.meta.url);
const SLICE_SEEDS = 100;
const PROGRESS_MS = 10_000;
const STOP_AT_VIOLATIONS = 20;
const PLANTED_SEEDS = 2_000;
/** A seed's objects live about as long as the seed. */
const YOUNG_MIB = 64;

/** @throws UsageError */
export async function runTabsLane(args: readonly string[]): Promise<number> {
  const replayed = /^--replay(?:=|$)/;
  if (args.some((arg) => replayed.test(arg))) return replay(args);
  if (args.includes('--planted')) return planted(args.filter((arg) => arg !== '--planted'));
  return run(args);
}

async function run(args: readonly string[]): Promise<number> {
  const options = laneArguments(args, 'tabs');
  const subject = subjectOf(options);
  const { seed, workers, minutes, json, amount } = options;
  const empty: TabsReport = {
    schema: 1,
    seed,
    commit: commitOfSources(),
    seconds: 0,
    tally: newTabsTally(),
    doneTo: 0,
    doneBeyond: [],
  };
  const report = earlierReport<TabsReport>(options) ?? empty;
  if (report.commit !== commitOfSources())
    console.log(`! ${json} was begun at commit ${report.commit ?? 'unknown'}`);
  const { tally } = report;
  const done = new Set(report.doneBeyond);
  const wanted = amount || 1_000_000;
  const slices = Math.ceil(wanted / SLICE_SEEDS);
  const tasks: number[] = [];
  for (let slice = report.doneTo; slice < slices; slice++) if (!done.has(slice)) tasks.push(slice);
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
  try {
    await runTasks<TabsSlice & { readonly number: number }, TabsTally>({
      workerPath: file.path,
      setup: undefined,
      youngMiB: YOUNG_MIB,
      tasks: tasks.map((number) => ({ number, ...sliceOf(subject, seed, number) })),
      workers,
      get untilMs() {
        return tally.violations.length < STOP_AT_VIOLATIONS ? untilMs : 0;
      },
      told: ({ number }, found) => {
        addTabsTally(tally, found);
        done.add(number);
        while (done.delete(report.doneTo)) report.doneTo++;
        report.doneBeyond = [...done];
        report.seconds = before + (Date.now() - begunMs) / 1_000;
        if (Date.now() - toldMs < PROGRESS_MS) return;
        toldMs = Date.now();
        console.log(lineOf(report, wanted));
        if (json !== undefined) writeReport(json, report);
      },
    });
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    file.remove();
    if (json !== undefined) writeReport(json, report);
  }
  tally.violations.forEach(show);
  console.table(tally.failures);
  console.log(lineOf(report, wanted));
  return tally.violations.length === 0 ? 0 : 1;
}

const sliceOf = (subject: Subject, seed: number, number: number): TabsSlice =>
  sliceFrom(seed + number * SLICE_SEEDS, SLICE_SEEDS, {
    subject,
    stopAtViolations: STOP_AT_VIOLATIONS,
    shrink: true,
  });

/** @throws UsageError */
function subjectOf({ subject }: LaneArguments): Subject {
  const known: Readonly<Record<string, Subject>> = { varve: 'tabs', volume: 'volume-tabs' };
  const found = known[subject];
  if (found === undefined) throw new UsageError(`--subject ${subject}: varve or volume`);
  return found;
}

function lineOf({ seconds, tally }: TabsReport, wanted: number): string {
  const { cases, leaders, acknowledged, looks, violations } = tally;
  const rate = (cases / Math.max(0.001, seconds)).toFixed(0);
  return (
    `${cases} of ${wanted} seeds, ${leaders} leaders, ${acknowledged} calls acknowledged, ` +
    `${looks} looks, ${violations.length} violations, ${seconds.toFixed(1)} s, ${rate}/s`
  );
}

function show({ id, reasons, least }: TabsFailure): void {
  console.log(`✗ ${id} — ${reasons[0]}`);
  if (least !== undefined) console.log(`  least: ${least.id} — ${least.reasons[0]}`);
}

/** @throws UsageError */
function replayArguments(args: readonly string[]): { id: string; isTraced: boolean } {
  if (args.some((arg) => /^--tabs(?:=|$)/.test(arg)))
    throw new UsageError('--replay runs one case, --tabs N many: one of them');
  const options = { replay: { type: 'string' }, trace: { type: 'boolean' } } as const;
  try {
    const { replay: id = '', trace } = parseArgs({ args: [...args], options }).values;
    caseOfName(id);
    return { id, isTraced: trace === true };
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function replay(args: readonly string[]): Promise<number> {
  const { id, isTraced } = replayArguments(args);
  const { tally, plan } = await replayTabs(id, isTraced ? console.log : undefined);
  console.log(plan);
  for (const { reasons } of tally.violations)
    for (const reason of reasons) console.log(`✗ ${reason}`);
  console.log(tally.violations.length === 0 ? 'nothing violated' : 'violated');
  return tally.violations.length === 0 ? 0 : 1;
}

/** Each bug in a bundle of its own; the sources as they are must pass what catches it. */
async function planted(args: readonly string[]): Promise<number> {
  const { seed, amount, only, json, workers } = laneArguments(args, 'tabs');
  const bugs = PLANTED_TAB_BUGS.filter(({ name }) => only === undefined || name.includes(only));
  const rows: object[] = [];
  let missed = 0;
  for (const bug of bugs) {
    const file = await bundleWorker(bug, WORKER);
    const found = newTabsTally();
    const slices = Math.ceil((amount || PLANTED_SEEDS) / SLICE_SEEDS);
    try {
      await runTasks<TabsSlice, TabsTally>({
        workerPath: file.path,
        setup: undefined,
        youngMiB: YOUNG_MIB,
        tasks: Array.from({ length: slices }, (_, number) => ({
          ...sliceOf(bug.subject, (bug.firstSeed ?? 0) + seed, number),
          stopAtViolations: 1,
        })),
        workers,
        get untilMs() {
          return found.violations.length === 0 ? Infinity : 0;
        },
        told: (_, more) => addTabsTally(found, more),
      });
    } finally {
      file.remove();
    }
    const [first] = found.violations;
    const [own] = first ? (await runTabsSlice(seedOf(bug.subject, first.id))).violations : [];
    const caught = first !== undefined && own === undefined;
    if (!caught) missed++;
    const by = first?.least ?? first;
    rows.push({
      name: bug.name,
      subject: bug.subject,
      caught,
      seeds: found.cases,
      by: by?.reasons[0] ?? '',
    });
    console.log(
      `${caught ? '✓' : '✗ NOT CAUGHT'} ${bug.name}: ${found.cases} seeds ${by ? `${by.id} ${by.reasons[0]}` : ''}`,
    );
  }
  console.log(`${bugs.length - missed} of ${bugs.length} planted bugs caught`);
  if (json !== undefined) writeReport(json, { schema: 1, seed, planted: rows });
  return missed === 0 ? 0 : 1;
}

const seedOf = (subject: Subject, id: string): TabsSlice =>
  sliceFrom(Number(/\d+/.exec(id)?.[0]), 1, { subject });

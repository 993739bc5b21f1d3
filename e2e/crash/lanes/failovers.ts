/** The lane with several real tabs on one store, whose leaders die again and again. */
import { existsSync } from 'node:fs';
import { loadavg } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { BrowserName } from '@varve/crashkit/playwright';
import { FAILOVER_CONTROLS } from '../../broken/failover-controls.ts';
import {
  firstDeathOfStore,
  runFailovers,
  type FailoverOutcome,
} from '../../harness/failover-campaign.ts';
import { DEATHS, type Death } from '../../harness/failover-plan.ts';
import {
  failoverRowsOf,
  failoverTableOf,
  failoverTotalsOf,
} from '../../harness/failover-report.ts';
import { rawTakeovers, rawTakeoverTableOf } from '../../harness/raw-takeover.ts';
import { Stage } from '../../harness/stage.ts';
import { UsageError } from '../usage-error.ts';
import { earlierReport, writeReport } from './arguments.ts';

/** What the next leader has to verify, so that takeover times have a meaning. */
const BALLAST_BYTES = 4 * 2 ** 20;
/** Firefox runs all tabs of an origin in one process: it cannot lose one of them by a kill. */
export const FIREFOX_DEATHS: readonly Death[] = ['close', 'navigate', 'worker'];
const BARS: readonly { readonly kind: Death; readonly p99Ms: number }[] = [
  { kind: 'renderer', p99Ms: 80 },
  { kind: 'busy', p99Ms: 2500 },
];

interface Options {
  readonly failovers: number;
  readonly seed: number;
  readonly from: number;
  readonly browser: BrowserName;
  readonly kinds: readonly Death[];
  readonly broken: string | undefined;
  readonly ports: boolean;
  readonly calm: boolean;
  readonly raw: boolean;
  readonly json: string | undefined;
  readonly resume: boolean;
}

interface Report {
  readonly schema: 1;
  readonly seed: number;
  readonly browser: string;
  readonly kinds: readonly Death[];
  readonly load: number;
  readonly rows: ReturnType<typeof failoverRowsOf>;
  readonly totals: ReturnType<typeof failoverTotalsOf>;
  readonly outcomes: readonly FailoverOutcome[];
}

export async function runFailoverLane(args: readonly string[]): Promise<number> {
  const options = parse(args);
  if (options.raw) return runRaw(options);
  const { seed, browser, kinds, broken, json } = options;
  const earlier =
    json !== undefined && existsSync(json) ? earlierReport<Report>(options) : undefined;
  const from = earlier === undefined ? options.from : resumeAt(earlier.outcomes);
  const outcomes = (earlier?.outcomes ?? []).filter(({ number }) => number < from);
  const control = FAILOVER_CONTROLS.find(({ name }) => name === broken);
  const stage = await Stage.set({
    browser,
    pages: ['tabs'],
    plugins: control?.plugins ?? (() => []),
  });
  const startedMs = Date.now();
  let version: string = browser;
  const write = (): void => {
    if (json === undefined) return;
    const figures = { rows: failoverRowsOf(outcomes), totals: failoverTotalsOf(outcomes) };
    const load = loadavg()[0]!;
    const report: Report = { schema: 1, seed, browser: version, kinds, load, ...figures, outcomes };
    writeReport(json, report);
  };
  console.log(`seed ${seed}, ${browser}${broken === undefined ? '' : `, broken: ${broken}`}`);
  try {
    const { server, launch } = stage;
    const campaign = await runFailovers({
      seed,
      kinds,
      server,
      launch,
      from,
      failovers: Math.max(0, options.failovers - outcomes.length),
      ballastBytes: BALLAST_BYTES,
      ownProcesses: browser === 'chromium',
      at: control?.at,
      ...(broken !== undefined && { broken }),
      ...(options.ports && { ports: true }),
      ...(options.calm && { isCalm: true }),
      onOutcome(outcome) {
        outcomes.push(outcome);
        progress(outcome, outcomes, options.failovers, startedMs);
        write();
      },
    });
    version = campaign.browser;
    write();
  } finally {
    await stage.strike();
  }
  return conclude(options, outcomes, version);
}

async function runRaw({ browser, failovers }: Options): Promise<number> {
  const stage = await Stage.set({ browser, pages: ['raw-takeover'] });
  const { server, launch } = stage;
  try {
    console.log(rawTakeoverTableOf(await rawTakeovers({ server, launch, deaths: failovers })));
  } finally {
    await stage.strike();
  }
  return 0;
}

/** The first death of the store that was under way: judged are whole stores. */
function resumeAt(outcomes: readonly FailoverOutcome[]): number {
  const last = outcomes.at(-1);
  if (last === undefined) return 0;
  return last.verdict === undefined ? firstDeathOfStore(last.number) : last.number + 1;
}

function progress(
  outcome: FailoverOutcome,
  outcomes: readonly FailoverOutcome[],
  failovers: number,
  startedMs: number,
): void {
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  const failed = outcomes.filter(({ failures }) => failures.length > 0).length;
  if (outcomes.length % 10 === 0 || outcome.failures.length > 0) {
    console.log(`${outcomes.length}/${failovers} deaths, ${failed} failed, ${seconds} s`);
  }
  if (outcome.failures.length === 0) return;
  console.log(`death ${outcome.number} (${outcome.kind}) FAILED`);
  for (const failure of outcome.failures) console.log(`  ${failure}`);
}

function conclude(options: Options, outcomes: readonly FailoverOutcome[], version: string): number {
  const { seed, browser, broken } = options;
  console.log(
    `\n${version}, seed ${seed}, load ${loadavg()[0]!.toFixed(1)}\n${failoverTableOf(outcomes)}`,
  );
  const failed = outcomes.filter(({ failures }) => failures.length > 0);
  for (const { number, kind } of failed.slice(0, 5))
    console.log(`again: ${failoverReplay(options, number)}   # ${kind}`);
  if (browser === 'chromium' && broken === undefined) {
    for (const { kind, takeoverMsP99 } of failoverRowsOf(outcomes)) {
      const bar = BARS.find((each) => each.kind === kind)?.p99Ms;
      if (bar === undefined) continue;
      const holds = takeoverMsP99 <= bar ? 'holds' : 'MISSED';
      console.log(`takeover after ${kind}: p99 ${takeoverMsP99} ms, bar ${bar} ms ${holds}`);
    }
  }
  return failed.length === 0 ? 0 : 1;
}

/** The command that plays a death again: its store from the start. */
export function failoverReplay(
  options: Pick<Options, 'seed' | 'browser' | 'kinds'> & Partial<Pick<Options, 'ports' | 'calm'>>,
  number: number,
): string {
  const { seed, browser, kinds } = options;
  const from = firstDeathOfStore(number);
  const how = (['ports', 'calm'] as const).filter((name) => options[name] === true);
  return [
    `npm run crash -- --failovers ${number - from + 1} --seed ${seed} --from ${from}`,
    `--browser ${browser} --kinds ${kinds.join(',')}`,
    ...how.map((name) => `--${name}`),
  ].join(' ');
}

/** @throws UsageError */
function parse(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const values = parsed(args, {
    failovers: text,
    seed: text,
    from: text,
    browser: text,
    kinds: text,
    broken: text,
    ports: flag,
    calm: flag,
    raw: flag,
    json: text,
    resume: flag,
  });
  const said = (name: string): string | undefined =>
    typeof values[name] === 'string' ? values[name] : undefined;
  const count = (name: string, otherwise: number): number => {
    const value = Number(said(name) ?? otherwise);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw new UsageError(`--${name} ${said(name)}: a whole number`);
  };
  const browser = said('browser') ?? 'chromium';
  if (browser !== 'chromium' && browser !== 'firefox')
    throw new UsageError(`--browser ${browser}: one of chromium, firefox`);
  const possible = browser === 'firefox' ? FIREFOX_DEATHS : DEATHS;
  const kinds = said('kinds')
    ?.split(',')
    .map((name) => {
      const kind = possible.find((each) => each === name);
      if (kind === undefined) throw new UsageError(`--kinds ${name}: of ${possible.join(', ')}`);
      return kind;
    });
  const json = said('json');
  const resume = values['resume'] === true;
  if (values['raw'] === true && browser === 'firefox')
    throw new UsageError('--raw kills processes: its tabs share one in firefox');
  if (resume && json === undefined) throw new UsageError('--resume needs --json');
  // npm runs scripts in the package's folder; paths are the caller's.
  const here = process.env['INIT_CWD'] ?? process.cwd();
  return {
    failovers: count('failovers', 50),
    seed: count('seed', Date.now() % 2 ** 31),
    from: firstDeathOfStore(count('from', 0)),
    browser,
    kinds: kinds ?? possible,
    broken: said('broken'),
    ports: values['ports'] === true,
    calm: values['calm'] === true,
    raw: values['raw'] === true,
    json: json === undefined ? undefined : resolve(here, json),
    resume,
  };
}

function parsed(
  args: readonly string[],
  options: Record<string, { readonly type: 'string' | 'boolean' }>,
): Record<string, unknown> {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

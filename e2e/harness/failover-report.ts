/** The figures of a run of failovers: a row a kind of death, and one for all. */
import type { FailoverOutcome } from './failover-campaign.ts';
import { upperBound } from './report.ts';

export interface FailoverRow {
  readonly kind: string;
  readonly deaths: number;
  /** Deaths that hit with appends in flight. */
  readonly inFlight: number;
  /** Deaths of a worker that stood still in the middle of a write or behind a flush. */
  readonly atPoint: number;
  readonly takeoverMsP50: number;
  readonly takeoverMsP99: number;
  readonly roleMsP50: number;
  readonly roleMsP99: number;
  readonly recoveryMsP50: number;
  readonly scannedMiBP50: number;
  /** Deaths after which nobody took over, or at the end of whose store a rule was broken. */
  readonly failed: number;
  readonly rateAtMost: number;
}

export interface FailoverTotals {
  readonly issued: number;
  readonly acknowledged: number;
  readonly records: number;
  readonly lost: number;
  readonly twice: number;
  readonly stores: number;
}

/** The smallest value that so many of a hundred do not exceed. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? NaN;
}

export function failoverRowsOf(outcomes: readonly FailoverOutcome[]): FailoverRow[] {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))];
  const rows = kinds.map((kind) =>
    rowOf(
      kind,
      outcomes.filter((outcome) => outcome.kind === kind),
    ),
  );
  return [...rows, rowOf('all', outcomes)];
}

function rowOf(kind: string, outcomes: readonly FailoverOutcome[]): FailoverRow {
  const results = outcomes.flatMap(({ result }) => (result === undefined ? [] : [result]));
  const failed = outcomes.filter(({ failures }) => failures.length > 0).length;
  const at = (values: readonly number[], percent: number): number =>
    Math.round(percentile(values, percent) * 10) / 10;
  const takeovers = results.map(({ takeoverMs }) => takeoverMs);
  const roles = results.map(({ roleMs }) => roleMs);
  return {
    kind,
    deaths: outcomes.length,
    inFlight: results.filter(({ inFlight }) => inFlight > 0).length,
    atPoint: results.filter(({ plan }) => plan.stop !== undefined).length,
    takeoverMsP50: at(takeovers, 50),
    takeoverMsP99: at(takeovers, 99),
    roleMsP50: at(roles, 50),
    roleMsP99: at(roles, 99),
    recoveryMsP50: at(
      results.map(({ recoveryMs }) => recoveryMs),
      50,
    ),
    scannedMiBP50: at(
      results.map(({ scannedBytes }) => scannedBytes / 2 ** 20),
      50,
    ),
    failed,
    rateAtMost: upperBound(failed, outcomes.length),
  };
}

export function failoverTotalsOf(outcomes: readonly FailoverOutcome[]): FailoverTotals {
  const verdicts = outcomes.flatMap(({ verdict }) => (verdict === undefined ? [] : [verdict]));
  const sum = (of: (verdict: (typeof verdicts)[number]) => number): number =>
    verdicts.reduce((total, verdict) => total + of(verdict), 0);
  return {
    issued: sum(({ issued }) => issued),
    acknowledged: sum(({ acknowledged }) => acknowledged),
    records: sum(({ records }) => records),
    lost: sum(({ lost }) => lost),
    twice: sum(({ twice }) => twice),
    stores: verdicts.length,
  };
}

const COLUMNS: readonly [title: string, cell: (row: FailoverRow) => string][] = [
  ['kind', ({ kind }) => kind],
  ['deaths', ({ deaths }) => String(deaths)],
  ['in flight', ({ inFlight }) => String(inFlight)],
  ['at a point', ({ atPoint }) => String(atPoint)],
  ['takeover p50', ({ takeoverMsP50 }) => `${takeoverMsP50} ms`],
  ['p99', ({ takeoverMsP99 }) => `${takeoverMsP99} ms`],
  ['role p50', ({ roleMsP50 }) => `${roleMsP50} ms`],
  ['p99', ({ roleMsP99 }) => `${roleMsP99} ms`],
  ['recovery p50', ({ recoveryMsP50 }) => `${recoveryMsP50} ms`],
  ['verified p50', ({ scannedMiBP50 }) => `${scannedMiBP50} MiB`],
  ['failed (95%)', ({ failed, rateAtMost }) => `${failed} (≤ ${(rateAtMost * 100).toFixed(2)}%)`],
];

export function failoverTableOf(outcomes: readonly FailoverOutcome[]): string {
  const rows = failoverRowsOf(outcomes);
  const lines = [
    COLUMNS.map(([title]) => title),
    ...rows.map((row) => COLUMNS.map(([, cell]) => cell(row))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const table = lines.map((line) =>
    line
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
      .join('  '),
  );
  const { issued, acknowledged, records, lost, twice, stores } = failoverTotalsOf(outcomes);
  return [
    ...table,
    `${stores} stores judged: ${issued} operations issued, ${acknowledged} acknowledged, ` +
      `${records} records there, ${lost} lost, ${twice} twice`,
  ].join('\n');
}

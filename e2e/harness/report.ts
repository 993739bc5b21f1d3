/** The figures of a run: a row a kind, and one for all. */
import type { KillOutcome } from './campaign.ts';

export interface ReportRow {
  readonly kind: string;
  readonly kills: number;
  /** Kills that hit with appends in flight. */
  readonly inFlight: number;
  /** Kills that left a torn tail, or hit a worker that stood at a kill point. */
  readonly tornOrParked: number;
  readonly issued: number;
  readonly acknowledged: number;
  readonly recovered: number;
  readonly checkpoints: number;
  readonly trims: number;
  /** Kills of rounds in which slots of what was let go of were written over. */
  readonly recycled: number;
  /** Kills after which the log ended in such a slot, of this round or an earlier one. */
  readonly endsInRecycled: number;
  /** Acknowledged operations and checkpoints that were not there afterwards. */
  readonly lost: number;
  /** Kills after which any rule was broken. */
  readonly failed: number;
  /** `failed / kills`, and how high the true rate may be with 95% confidence. */
  readonly rate: number;
  readonly rateAtMost: number;
  readonly openMsMax: number;
}

export function rowsOf(outcomes: readonly KillOutcome[]): ReportRow[] {
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))];
  const rows = kinds.map((kind) =>
    rowOf(
      kind,
      outcomes.filter((outcome) => outcome.kind === kind),
    ),
  );
  return [...rows, rowOf('all', outcomes)];
}

function rowOf(kind: string, outcomes: readonly KillOutcome[]): ReportRow {
  const sum = (of: (outcome: KillOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + of(outcome), 0);
  const kills = outcomes.length;
  const failed = sum(({ failures }) => (failures.length > 0 ? 1 : 0));
  return {
    kind,
    kills,
    inFlight: sum(({ result }) => (result !== undefined && result.inFlight > 0 ? 1 : 0)),
    tornOrParked: sum(({ result }) => (result !== undefined && isTornOrParked(result) ? 1 : 0)),
    issued: sum(({ result }) => result?.verdict.issued ?? 0),
    acknowledged: sum(({ result }) => result?.verdict.acknowledged ?? 0),
    recovered: sum(({ result }) => result?.verdict.recovered ?? 0),
    checkpoints: sum(({ result }) => result?.verdict.checkpoints ?? 0),
    trims: sum(({ result }) => result?.verdict.trims ?? 0),
    recycled: sum(({ result }) => (result !== undefined && result.slots.recycled > 0 ? 1 : 0)),
    endsInRecycled: sum(({ result }) => (result?.slots.endsInRecycled === true ? 1 : 0)),
    lost: sum(({ result }) => result?.verdict.lost ?? 0),
    failed,
    rate: failed / kills,
    rateAtMost: upperBound(failed, kills),
    openMsMax: Math.round(Math.max(0, ...outcomes.map(({ result }) => result?.openMs ?? 0))),
  };
}

function isTornOrParked({
  tornBytes,
  parkedAt,
}: {
  tornBytes: number;
  parkedAt: string | null;
}): boolean {
  return tornBytes > 0 || parkedAt !== null;
}

/** Upper end of the one-sided 95% interval (Clopper–Pearson, by bisection). */
export function upperBound(failed: number, kills: number): number {
  if (failed >= kills) return 1;
  let low = failed / kills;
  let high = 1;
  for (let step = 0; step < 50; step++) {
    const rate = (low + high) / 2;
    if (atMost(failed, kills, rate) > 0.05) low = rate;
    else high = rate;
  }
  return high;
}

/** How likely at most `failed` of `kills` fail at `rate`. */
function atMost(failed: number, kills: number, rate: number): number {
  let term = (1 - rate) ** kills;
  let total = term;
  for (let count = 1; count <= failed; count++) {
    term *= ((kills - count + 1) / count) * (rate / (1 - rate));
    total += term;
  }
  return total;
}

const COLUMNS: readonly [title: string, cell: (row: ReportRow) => string][] = [
  ['kind', (row) => row.kind],
  ['kills', (row) => String(row.kills)],
  ['in flight', (row) => percent(row.inFlight, row.kills)],
  ['torn/parked', (row) => percent(row.tornOrParked, row.kills)],
  ['issued', (row) => String(row.issued)],
  ['acknowledged', (row) => String(row.acknowledged)],
  ['recovered', (row) => String(row.recovered)],
  ['checkpoints', (row) => String(row.checkpoints)],
  ['trims', (row) => String(row.trims)],
  ['recycled', (row) => percent(row.recycled, row.kills)],
  ['ends in one', (row) => percent(row.endsInRecycled, row.kills)],
  ['lost', (row) => String(row.lost)],
  ['failed', (row) => String(row.failed)],
  [
    'rate (95%)',
    (row) => `${(row.rate * 100).toFixed(1)}% (≤ ${(row.rateAtMost * 100).toFixed(2)}%)`,
  ],
];

const percent = (part: number, whole: number): string =>
  `${part} (${Math.round((100 * part) / Math.max(1, whole))}%)`;

export function tableOf(rows: readonly ReportRow[]): string {
  const lines = [
    COLUMNS.map(([title]) => title),
    ...rows.map((row) => COLUMNS.map(([, cell]) => cell(row))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)))
        .join('  '),
    )
    .join('\n');
}

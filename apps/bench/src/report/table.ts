/** The report for a terminal: one table a work. */
import type { Failure } from '../compare.ts';
import type { Result } from '../result.ts';
import type { WorkFacts } from '../work.ts';

const COLUMNS = [
  ['subject', 52],
  ['caller', 7],
  ['median µs', 10],
  ['rate/s', 10],
  ['call p50', 9],
  ['p95', 9],
  ['p99', 9],
  ['max', 9],
  ['flush/op', 9],
  ['× raw', 7],
  ['× peer', 7],
] as const;

export function workTable(
  work: WorkFacts,
  results: readonly Result[],
  failures: readonly Failure[],
): string {
  const lines = [
    '',
    `${work.id}: ${work.title}  (depth ${work.depth}, pool ${work.pool}, figures per ${work.unit}; calls of ` +
      `${work.unitsPerOperation} ${work.unit}${work.unitsPerOperation === 1 ? '' : 's'}, µs)`,
    row(COLUMNS.map(([name]) => name)),
  ];
  for (const result of results) {
    lines.push(
      row([
        `${result.title}${result.promise === 'flushed' ? '' : ` [${result.promise}]`}`,
        result.caller,
        figure(result.medianUs),
        rate(result.ratePerSecond),
        figure(result.p50Us),
        figure(result.p95Us),
        figure(result.p99Us),
        figure(result.maxUs),
        result.flushesPerUnit === null
          ? '?'
          : figure(result.flushesPerUnit * work.unitsPerOperation),
        ratio(result.ratioToRaw),
        ratio(result.ratioToBestPeer),
      ]),
    );
  }
  for (const { subject, failure } of failures) lines.push(`  ${subject}: FAILED: ${failure}`);
  return lines.join('\n');
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, at) => (at < 2 ? cell.padEnd(COLUMNS[at]![1]) : cell.padStart(COLUMNS[at]![1])))
    .join(' ');
}

export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  if (value >= 100) return value.toFixed(0);
  return value >= 10 ? value.toFixed(1) : value.toPrecision(value >= 1 ? 3 : 2);
}

export function rate(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value >= 1e6) return `${(value / 1e6).toFixed(2)} M`;
  return value >= 1e4 ? `${(value / 1e3).toFixed(0)} k` : value.toFixed(0);
}

export function ratio(value: number | null): string {
  return value === null ? '' : figure(value);
}

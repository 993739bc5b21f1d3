/** The bars, as a table for a terminal. */
import type { BarResult } from '../bars/bar.ts';
import { figure } from './table.ts';

export function barTable(bars: readonly BarResult[]): string {
  const run = bars.filter(({ holds }) => holds !== null);
  const lines = run.map(
    ({ work, bar, value, holds }) =>
      `${holds ? 'holds ' : 'MISSED'} ${figure(value!).padStart(8)}  ${work}: ${bar}`,
  );
  const never = bars.filter(({ notApplicable }) => notApplicable !== undefined);
  const left = bars.length - run.length - never.length;
  if (left > 0) lines.push(`${left} bars were not measured in this run`);
  for (const { work, bar, notApplicable } of never) {
    lines.push(`n/a              ${work}: ${bar} (${notApplicable})`);
  }
  return lines.length === 0 ? '' : `\nBars\n${lines.join('\n')}`;
}

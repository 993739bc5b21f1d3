/** The bars, as a table for a terminal. */
import type { BarResult } from '../bars/bar.ts';
import { figure } from './table.ts';

export function barTable(bars: readonly BarResult[]): string {
  const lines = bars.map(({ work, bar, value, holds }) => {
    const verdict = holds === null ? 'not run' : holds ? 'holds' : 'MISSED';
    return `${verdict.padEnd(8)} ${(value === null ? '–' : figure(value)).padStart(8)}  ${work}: ${bar}`;
  });
  return lines.length === 0 ? '' : `\nBars\n${lines.join('\n')}`;
}

/** Figures of volumes: a table for a terminal, and rows for a file. */
import { figure } from '../report/table.ts';
import type { VolumeFigure } from './measure.ts';

export interface VolumeResult {
  readonly lane: string;
  readonly work: string;
  readonly bar: string;
  readonly value: number;
  readonly unit: string;
  /** Null: a figure without a bar. */
  readonly holds: boolean | null;
}

function holds({ value, atMost, atLeast }: VolumeFigure): boolean | null {
  if (atMost === undefined && atLeast === undefined) return null;
  return value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity);
}

function barOf({ what, unit, atMost, atLeast }: VolumeFigure): string {
  const limit = atMost === undefined ? atLeast && `at least ${atLeast}` : `at most ${atMost}`;
  return limit === undefined ? what : `${what} (${`${limit} ${unit}`.trim()})`;
}

export function volumeResults(lane: string, figures: readonly VolumeFigure[]): VolumeResult[] {
  return figures.map((each) => ({
    lane,
    work: each.work,
    bar: barOf(each),
    value: each.value,
    unit: each.unit,
    holds: holds(each),
  }));
}

export function volumeTable(figures: readonly VolumeFigure[]): string {
  const marks = new Map<boolean | null, string>([
    [true, 'holds '],
    [false, 'MISSED'],
    [null, '      '],
  ]);
  return figures
    .map((each) => {
      const value = `${figure(each.value)} ${each.unit}`.padStart(12);
      return `${marks.get(holds(each))!} ${value}  ${each.work}: ${barOf(each)}`;
    })
    .join('\n');
}

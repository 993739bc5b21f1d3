/** Figures that stand beside what they have to reach: a table for a terminal, and rows for a file. */
import { figure } from './table.ts';

export interface BarFigure {
  readonly work: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What it has to reach; absent: for the record. */
  readonly atMost?: number;
  readonly atLeast?: number;
}

export interface BarResult {
  readonly lane: string;
  readonly work: string;
  readonly bar: string;
  readonly value: number;
  readonly unit: string;
  /** Null: a figure without a bar. */
  readonly holds: boolean | null;
}

function holds({ value, atMost, atLeast }: BarFigure): boolean | null {
  if (atMost === undefined && atLeast === undefined) return null;
  return value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity);
}

function barOf({ what, unit, atMost, atLeast }: BarFigure): string {
  const limit = atMost === undefined ? atLeast && `at least ${atLeast}` : `at most ${atMost}`;
  return limit === undefined ? what : `${what} (${`${limit} ${unit}`.trim()})`;
}

export function barResults(lane: string, figures: readonly BarFigure[]): BarResult[] {
  return figures.map((each) => ({
    lane,
    work: each.work,
    bar: barOf(each),
    value: each.value,
    unit: each.unit,
    holds: holds(each),
  }));
}

export function barFigures(figures: readonly BarFigure[]): string {
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

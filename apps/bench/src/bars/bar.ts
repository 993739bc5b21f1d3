/** A bar: what a figure of this run has to reach, and whether it does. */
import type { Result } from '../result.ts';

/** Finds a result; undefined when it was not measured in this run. */
export type Find = (subject: string, work: string) => Result | undefined;

/** Bytes of what is shipped, as brotli makes them; absent: not built in this run. */
export interface Sizes {
  readonly core: number;
  readonly codec: number;
  readonly worker: number;
}

export interface Bar {
  readonly work: string;
  /** In words, with its unit. */
  readonly bar: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  /** Why nothing in Varve can be measured against it. */
  readonly notApplicable?: string;
  /** The figure the bar speaks of; undefined when something it needs was not measured. */
  value(find: Find, sizes: Sizes | undefined): number | undefined;
}

export interface BarResult {
  readonly work: string;
  readonly bar: string;
  readonly value: number | null;
  /** Null: not measured in this run. */
  readonly holds: boolean | null;
  /** Why it never is. */
  readonly notApplicable?: string;
}

export function judge(
  bars: readonly Bar[],
  results: readonly Result[],
  sizes?: Sizes,
): BarResult[] {
  const find: Find = (subject, work) =>
    results.find((result) => result.subject === subject && result.work === work);
  return bars.map(({ work, bar, atMost = Infinity, atLeast = -Infinity, notApplicable, value }) => {
    if (notApplicable !== undefined) return { work, bar, value: null, holds: null, notApplicable };
    const figure = value(find, sizes);
    if (figure === undefined) return { work, bar, value: null, holds: null };
    return { work, bar, value: figure, holds: figure <= atMost && figure >= atLeast };
  });
}

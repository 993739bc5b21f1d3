/**
 * Holds the numbers that tabs write against what must be true of them, as the log's tail brings them.
 *
 * Always true: of each tab, from the first number seen here on, a number that is not there is `lost`
 * unless the tab itself was never told whether it was written (`unsure`); one that is there again is
 * `twice`; one that comes behind a greater one is `late`.
 */
import type { Pulse } from '../logbook/entries.ts';

export interface PulseCount {
  /** Numbers read. */
  readonly seen: number;
  readonly last: number;
  readonly lost: number;
  readonly twice: number;
  readonly late: number;
  /** Not there, and nobody was told they would be. */
  readonly unsure: number;
}

export const isUnbroken = ({ lost, twice, late }: PulseCount): boolean => lost + twice + late === 0;

interface Tally extends PulseCount {
  readonly missing: ReadonlySet<number>;
}

export class PulseCheck {
  readonly #tallies = new Map<string, Tally>();

  get counts(): ReadonlyMap<string, PulseCount> {
    return this.#tallies;
  }

  of(tab: string): PulseCount | undefined {
    return this.#tallies.get(tab);
  }

  take(pulse: Pulse): PulseCount {
    const before = this.#tallies.get(pulse.tab);
    const after = before === undefined ? first(pulse) : next(before, pulse);
    this.#tallies.set(pulse.tab, after);
    return after;
  }
}

const first = ({ number }: Pulse): Tally => ({
  seen: 1,
  last: number,
  lost: 0,
  twice: 0,
  late: 0,
  unsure: 0,
  missing: new Set(),
});

function next(tally: Tally, { number, unsure }: Pulse): Tally {
  const seen = tally.seen + 1;
  const missing = new Set(tally.missing);
  if (number <= tally.last) {
    const isLate = missing.delete(number);
    const { late, twice } = tally;
    return {
      ...tally,
      seen,
      missing,
      lost: missing.size,
      late: isLate ? late + 1 : late,
      twice: isLate ? twice : twice + 1,
    };
  }
  let unknown = tally.unsure;
  for (let absent = tally.last + 1; absent < number; absent += 1) {
    if (unsure.includes(absent)) unknown += 1;
    else missing.add(absent);
  }
  return { ...tally, seen, last: number, missing, lost: missing.size, unsure: unknown };
}

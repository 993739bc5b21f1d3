/**
 * What a workload issued and what it was told, and whether what came back after a crash fits.
 *
 * The rule is *acknowledged ≤ recovered ≤ issued*: what came back is an exact prefix of what was issued,
 * and holds everything acknowledged before the crash. A record that was still being written may be
 * there or not; one whose write failed with an unknown outcome may be missing even where later ones
 * are there.
 *
 * Always true:
 * - groups stand in the order in which they were issued
 * - what a recovery served once (`settle`) is owed from then on, and what it lacked never comes back
 */
import { Group } from './group.ts';
import { judge } from './judge.ts';
import { Violation } from './violation.ts';

export interface HistoryOptions<T> {
  /** The present moment: `() => device.opCount`. Default: always 0, for crashes that are not simulated. */
  readonly now?: () => number;
  /** Default: bytes byte by byte, anything else by its JSON. */
  readonly same?: (a: T, b: T) => boolean;
  /** A record in a message. Default: its JSON, cut short; bytes by length and first few. */
  readonly show?: (value: T) => string;
}

/** Which crash: an `Image` of the device is one. Default: after everything. */
export interface Crash {
  readonly id?: string;
  readonly op?: number;
}

/** How a write that rejected went: was nothing written, or is that unknown? */
export type Outcome = 'not-written' | 'unknown';

/** One issued group, to be told how it went. Untold, it is still being written. */
export interface Issued {
  acknowledge(): void;
  /** Nothing of it was written, and nothing will be. */
  refuse(): void;
  /** Nobody knows, and the store goes on. */
  giveUp(): void;
}

export class History<T = Uint8Array> {
  readonly #groups: Group<T>[] = [];
  readonly #now: () => number;
  readonly #same: (a: T, b: T) => boolean;
  readonly #show: (value: T) => string;
  #records = 0;

  constructor(options: HistoryOptions<T> = {}) {
    this.#now = options.now ?? (() => 0);
    this.#same = options.same ?? sameByContent;
    this.#show = options.show ?? shown;
  }

  /** How many records were issued. */
  get issuedRecords(): number {
    return this.#records;
  }

  /** How many of them were acknowledged and not withdrawn. */
  get acknowledgedRecords(): number {
    return this.#groups
      .filter((group) => group.isOwed(Infinity))
      .reduce((sum, { values }) => sum + values.length, 0);
  }

  /** To be called just before the records are handed to the store; several are one group. */
  issue(...values: readonly T[]): Issued {
    const group = new Group(values, this.#records + 1, this.#now());
    this.#records += values.length;
    this.#groups.push(group);
    return {
      acknowledge: () => {
        group.acknowledgedAt = Math.min(group.acknowledgedAt, this.#now());
      },
      refuse: () => {
        group.withdrawnAt = Math.min(group.withdrawnAt, this.#now());
      },
      giveUp: () => {
        group.unknownAt = Math.min(group.unknownAt, this.#now());
      },
    };
  }

  /**
   * Issues the records, runs the write, and notes how it ends. What it throws is thrown on.
   *
   * @param outcomeOf what an error of this store means. Default: always `unknown`
   */
  async write<R>(
    values: readonly T[],
    perform: () => R | Promise<R>,
    outcomeOf: (error: unknown) => Outcome = () => 'unknown',
  ): Promise<R> {
    const issued = this.issue(...values);
    try {
      const result = await perform();
      issued.acknowledge();
      return result;
    } catch (error) {
      if (outcomeOf(error) === 'not-written') issued.refuse();
      else issued.giveUp();
      throw error;
    }
  }

  /** @throws {@link Violation} unless what came back after this crash is legal */
  check(recovered: readonly T[], crash: Crash = {}): void {
    judge(this.#groups, recovered, crash, this.#same, this.#show);
  }

  /**
   * For what keeps only its newest value: each write replaces the one before.
   * @param recovered undefined: nothing is there
   * @throws {@link Violation} unless it is the last one acknowledged, or one that was issued after it
   */
  checkNewest(recovered: T | undefined, crash: Crash = {}): void {
    const { op = Infinity, id } = crash;
    const possible = this.#groups.filter((group) => group.isPossible(op));
    const owed = possible.findLastIndex((group) => group.isOwed(op));
    const allowed = possible.slice(Math.max(0, owed)).map((group) => group.values.at(-1));
    if (recovered === undefined) {
      if (owed < 0) return;
      const { firstRecord, acknowledgedAt } = possible[owed];
      throw new Violation(
        `record ${firstRecord} was acknowledged at operation ${acknowledgedAt}, and nothing is there`,
        { rule: 'acknowledged', record: firstRecord, imageId: id },
      );
    }
    const fits = (value: T | undefined): boolean =>
      value !== undefined && this.#same(value, recovered);
    if (allowed.some(fits)) return;
    const older = possible.slice(0, Math.max(0, owed)).find(({ values }) => fits(values.at(-1)));
    throw older === undefined
      ? new Violation(`${this.#show(recovered)} is there, which was never issued`, {
          rule: 'prefix',
          imageId: id,
        })
      : new Violation(
          `record ${older.firstRecord} is there again: ${this.#show(recovered)}; ` +
            `record ${possible[owed].firstRecord} was acknowledged after it`,
          { rule: 'acknowledged', record: possible[owed].firstRecord, imageId: id },
        );
  }

  /** @throws {@link Violation} unless a second recovery of the same crash gives what the first gave */
  checkAgain(first: readonly T[], second: readonly T[], crash: Crash = {}): void {
    const length = Math.max(first.length, second.length);
    for (let index = 0; index < length; index++) {
      const both = index < first.length && index < second.length;
      if (both && this.#same(first[index], second[index])) continue;
      const was = index < first.length ? this.#show(first[index]) : 'nothing';
      const is = index < second.length ? this.#show(second[index]) : 'nothing';
      throw new Violation(
        `recovering again gives something else in place ${index + 1}: first ${was}, then ${is}`,
        { rule: 'again', place: index + 1, imageId: crash.id },
      );
    }
  }

  /**
   * The store went on from what it recovered (a real crash, or a reopening inside the workload): what
   * is there is owed from now on, what is not there is withdrawn.
   * @throws {@link Violation} when that is not legal
   */
  settle(recovered: readonly T[]): void {
    const present = judge(this.#groups, recovered, {}, this.#same, this.#show);
    const now = this.#now();
    for (const group of this.#groups) {
      if (present.has(group)) group.acknowledgedAt = Math.min(group.acknowledgedAt, now);
      else group.withdrawnAt = Math.min(group.withdrawnAt, now);
    }
  }
}

function sameByContent(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (!(a instanceof Uint8Array) || !(b instanceof Uint8Array)) {
    return JSON.stringify(a) === JSON.stringify(b);
  }
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

const SHOWN_CHARACTERS_MAX = 60;
const SHOWN_BYTES_MAX = 12;

function shown(value: unknown): string {
  if (value instanceof Uint8Array) {
    const start = Array.from(value.subarray(0, SHOWN_BYTES_MAX), (byte) =>
      byte.toString(16).padStart(2, '0'),
    );
    const rest = value.length > SHOWN_BYTES_MAX ? ' …' : '';
    return `${value.length} bytes [${start.join(' ')}${rest}]`;
  }
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text;
}

/**
 * Judges what came back after a kill.
 *
 * The rule, for the life of one store over many kills:
 *  1. LSNs are dense from 1: nothing is missing in between, nothing is there twice.
 *  2. What an earlier recovery served is still there, the same, at the same LSNs.
 *  3. After that each writer's operations stand in the order of issue, beginning with its first:
 *     an exact prefix.
 *  4. A batch or stream is there whole or not at all.
 *  5. Every byte is as issued (length and sum; the bytes follow from seed and name).
 *  6. Nothing is there that was not issued.
 *  7. Everything acknowledged is there, at the LSN that was acknowledged.
 *  8. Nothing refused with `not-written` is there.
 */
import type { Recovered, RecoveredRow } from '../app/page.ts';
import { sumOf, valueBytes } from '../app/value.ts';
import { operation, type Profile, type Round } from '../app/workload.ts';
import type { Ledger } from './ledger.ts';

export interface Verdict {
  readonly violations: readonly string[];
  /** Acknowledged operations that are not there. */
  readonly lost: number;
  readonly issued: number;
  readonly acknowledged: number;
  /** Operations of this round that came back. */
  readonly recovered: number;
}

/** What a round was told to write and what it said. */
export interface RoundHistory {
  readonly round: number;
  readonly profile: Profile;
  readonly ledger: Ledger;
}

const VIOLATIONS_MAX = 20;

export class Oracle {
  readonly #seed: number;
  /** What the last recovery served: it may never change again. */
  #settled: readonly RecoveredRow[] = [];

  constructor(seed: number) {
    this.#seed = seed;
  }

  get settledRecords(): number {
    return this.#settled.length;
  }

  judge(history: RoundHistory, recovered: Recovered): Verdict {
    const violations: string[] = [];
    const { rows } = recovered;
    const say = (violation: string): void => void violations.push(violation);
    rows.forEach(([lsn], place) => {
      if (lsn !== place + 1) say(`rule 1: LSN ${lsn} stands in place ${place + 1}`);
    });
    this.#settled.forEach((before, place) => {
      const now = rows[place];
      if (now === undefined) say(`rule 2: LSN ${place + 1} was served before and is gone`);
      else if (before.some((field, at) => field !== now[at])) {
        say(`rule 2: LSN ${place + 1} was [${before}] and is [${now}]`);
      }
    });
    const fresh = rows.slice(this.#settled.length);
    const verdict = this.#judgeRound(history, fresh, say);
    this.#settled = rows;
    return { ...verdict, violations: violations.slice(0, VIOLATIONS_MAX) };
  }

  #judgeRound(
    { round, profile, ledger }: RoundHistory,
    rows: readonly RecoveredRow[],
    say: (violation: string) => void,
  ): Omit<Verdict, 'violations'> {
    const workload: Round = { seed: this.#seed, round, profile };
    const writers = [new WriterCheck(workload, 0), new WriterCheck(workload, 1)];
    for (const row of rows) {
      const writer = row[1] === round ? writers[row[2]] : undefined;
      if (writer === undefined) say(`rule 6: LSN ${row[0]} holds [${row}], nobody’s record`);
      else writer.take(row, say);
    }
    for (const [index, writer] of writers.entries()) {
      writer.end(say);
      if (writer.whole > ledger.reserved[index]!) {
        say(
          `rule 6: ${writer.whole} operations of writer ${index}, ${ledger.reserved[index]} issued`,
        );
      }
    }
    let lost = 0;
    for (const { writer, index, lsn } of ledger.acknowledged) {
      const at = writers[writer]!.firstLsns[index];
      if (at === undefined) {
        lost++;
        say(
          `rule 7: operation ${index} of writer ${writer} was acknowledged at LSN ${lsn} and is gone`,
        );
      } else if (at !== lsn) {
        say(
          `rule 7: operation ${index} of writer ${writer} was acknowledged at ${lsn}, stands at ${at}`,
        );
      }
    }
    for (const { writer, index, code, outcome } of ledger.refused) {
      if (outcome === 'not-written' && writers[writer]!.firstLsns[index] !== undefined) {
        say(`rule 8: operation ${index} of writer ${writer} was refused (${code}) and is there`);
      }
    }
    return {
      lost,
      issued: ledger.issued[0]! + ledger.issued[1]!,
      acknowledged: ledger.acknowledged.length,
      recovered: writers[0]!.whole + writers[1]!.whole,
    };
  }
}

/** Follows one writer's records through the log: rules 3, 4 and 5. */
class WriterCheck {
  /** First LSN of each operation that came back. */
  readonly firstLsns: (number | undefined)[] = [];
  readonly #workload: Round;
  readonly #writer: number;
  #index = 0;
  #part = 0;
  #lastLsn = 0;

  constructor(workload: Round, writer: number) {
    this.#workload = workload;
    this.#writer = writer;
  }

  /** Operations that came back whole. */
  get whole(): number {
    return this.#index;
  }

  take(row: RecoveredRow, say: (violation: string) => void): void {
    const [lsn, round, writer, index, part, byteLength, sum] = row;
    if (index !== this.#index || part !== this.#part) {
      say(
        `rule 3: LSN ${lsn} is part ${part} of operation ${index} of writer ${writer}; ` +
          `part ${this.#part} of operation ${this.#index} should come next`,
      );
      this.#index = index;
      this.#part = part;
    }
    const { sizes } = operation(this.#workload, this.#writer, index);
    const size = sizes[part];
    if (size !== byteLength) {
      say(`rule 5: LSN ${lsn} has ${byteLength} bytes, issued were ${size}`);
    } else if (
      sumOf(valueBytes(this.#workload.seed, { round, writer, index, part }, byteLength)) !== sum
    ) {
      say(`rule 5: LSN ${lsn} has other bytes than issued`);
    }
    if (part === 0) this.firstLsns[index] = lsn;
    else if (lsn !== this.#lastLsn + 1) say(`rule 4: LSN ${lsn} stands apart from its batch`);
    this.#lastLsn = lsn;
    this.#part = part + 1;
    if (this.#part >= sizes.length) {
      this.#index = index + 1;
      this.#part = 0;
    }
  }

  end(say: (violation: string) => void): void {
    if (this.#part === 0) return;
    say(`rule 4: operation ${this.#index} of writer ${this.#writer} came back in part`);
    this.firstLsns[this.#index] = undefined;
  }
}

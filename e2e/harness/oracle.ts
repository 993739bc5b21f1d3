/**
 * Judges what came back after a kill. Each writer's records are one history of the crash kit's oracle
 * (rules 3 to 6, 8 and the greater part of 7); what this file adds is the store's one order: LSNs.
 *
 * The rule, for the life of one store over many kills:
 *  1. LSNs are dense from the first that is there: nothing is missing in between, nothing is twice.
 *  2. What an earlier recovery served is still there, the same, at the same LSNs, from that first on.
 *  3. After that each writer's operations stand in the order of issue, beginning with its first:
 *     an exact prefix.
 *  4. A batch or stream is there whole or not at all.
 *  5. Every byte is as issued (length and sum; the bytes follow from seed and name).
 *  6. Nothing is there that was not issued.
 *  7. Everything acknowledged is there, at the LSN that was acknowledged.
 *  8. Nothing refused with `not-written` is there.
 *  9. History begins where trims put it: at or above every one that was acknowledged, at or below the
 *     highest that was ever issued (at 1 if none was). What was gone never comes back.
 * 10. The checkpoint is the last one acknowledged or one issued after it, byte for byte, with the LSN
 *     that it stands for; the log reaches that far.
 * 11. No checkpoint or trim is refused, except by a worker that died.
 */
import { History, type Rule, Violation } from '@varve/crashkit/oracle';
import type { Served } from '../app/housekeeper.ts';
import type { Recovered, RecoveredRow } from '../app/page.ts';
import { sumOf, valueBytes } from '../app/value.ts';
import { operation, type Profile, type Round } from '../app/workload.ts';
import { HouseOracle } from './house-oracle.ts';
import type { Ledger } from './ledger.ts';

export interface Verdict {
  readonly violations: readonly string[];
  /** Acknowledged operations and checkpoints that are not there. */
  readonly lost: number;
  readonly issued: number;
  readonly acknowledged: number;
  /** Operations of this round that came back. */
  readonly recovered: number;
  /** Acknowledged in this round. */
  readonly checkpoints: number;
  readonly trims: number;
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
  readonly #house = new HouseOracle();
  /** What the last recovery served: it may go, but never change again. */
  #settled: readonly RecoveredRow[] = [];
  #served: Served = { firstLsn: 1, lastLsn: 0 };

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** What the last recovery served: the next round may trim it, and nothing else. */
  get served(): Served {
    return this.#served;
  }

  judge(history: RoundHistory, recovered: Recovered): Verdict {
    const violations: string[] = [];
    const { rows, facts } = recovered;
    const { firstLsn } = facts;
    const { round, profile, ledger } = history;
    const workload: Round = { seed: this.#seed, round, profile };
    const say = (violation: string): void => void violations.push(violation);
    rows.forEach(([lsn], place) => {
      const next = place === 0 ? firstLsn : rows[place - 1]![0] + 1;
      if (lsn !== next) say(`rule 1: LSN ${lsn} stands where ${next} should`);
    });
    this.#judgeSettled(rows, firstLsn, say);
    const fresh = rows.filter(([lsn]) => lsn > this.#served.lastLsn);
    const verdict = this.#judgeRound(workload, ledger, fresh, say);
    const lost = verdict.lost + this.#house.judge(workload, ledger, recovered, say);
    this.#settled = rows;
    this.#served = { firstLsn, lastLsn: rows.at(-1)?.[0] ?? firstLsn - 1 };
    return {
      ...verdict,
      lost,
      checkpoints: ledger.checkpoints.filter(({ acknowledged }) => acknowledged).length,
      trims: ledger.trims.filter(({ acknowledged }) => acknowledged).length,
      violations: violations.slice(0, VIOLATIONS_MAX),
    };
  }

  /** Rule 2. */
  #judgeSettled(
    rows: readonly RecoveredRow[],
    firstLsn: number,
    say: (violation: string) => void,
  ): void {
    const rowAt = new Map(rows.map((row) => [row[0], row]));
    for (const before of this.#settled) {
      const [lsn] = before;
      const now = rowAt.get(lsn);
      if (lsn < firstLsn) continue;
      if (now === undefined) say(`rule 2: LSN ${lsn} was served before and is gone`);
      else if (before.some((field, at) => field !== now[at])) {
        say(`rule 2: LSN ${lsn} was [${before}] and is [${now}]`);
      }
    }
  }

  #judgeRound(
    workload: Round,
    ledger: Ledger,
    rows: readonly RecoveredRow[],
    say: (violation: string) => void,
  ): Pick<Verdict, 'lost' | 'issued' | 'acknowledged' | 'recovered'> {
    const rowsOf: RecoveredRow[][] = [[], []];
    for (const row of rows) {
      const own = row[1] === workload.round ? rowsOf[row[2]] : undefined;
      if (own === undefined) say(`rule 6: LSN ${row[0]} holds [${row}], nobody’s record`);
      else own.push(row);
    }
    const firstLsns = rowsOf.map((own, writer) => {
      judgeWriter(workload, writer, ledger, own, say);
      return lsnsOfOperations(own, writer, say);
    });
    let lost = 0;
    for (const { writer, index, lsn } of ledger.acknowledged) {
      const at = firstLsns[writer]!.get(index);
      if (at === undefined) lost++;
      else if (at !== lsn) {
        say(
          `rule 7: operation ${index} of writer ${writer} was acknowledged at ${lsn}, stands at ${at}`,
        );
      }
    }
    return {
      lost,
      issued: ledger.issued[0]! + ledger.issued[1]!,
      acknowledged: ledger.acknowledged.length,
      recovered: firstLsns[0]!.size + firstLsns[1]!.size,
    };
  }
}

const RULE_NUMBERS: Readonly<Record<Rule, number>> = {
  prefix: 3,
  whole: 4,
  bytes: 5,
  acknowledged: 7,
  refused: 8,
  again: 2,
};

/** A record, without its bytes: they follow from its name, and a sum stands for them. */
interface Part {
  readonly index: number;
  readonly part: number;
  readonly byteLength: number;
  sum(): number;
}

/**
 * Rules 3 to 8 for one writer: operations below `reserved` may have been issued, in this order.
 * An outcome that is unknown is one of those that were still under way: after it the writer stops.
 */
function judgeWriter(
  workload: Round,
  writer: number,
  ledger: Ledger,
  rows: readonly RecoveredRow[],
  say: (violation: string) => void,
): void {
  const history = new History<Part>({
    same: (a, b) =>
      a.index === b.index &&
      a.part === b.part &&
      a.byteLength === b.byteLength &&
      a.sum() === b.sum(),
    show: ({ index, part, byteLength }) =>
      `part ${part} of operation ${index} of writer ${writer}, ${byteLength} bytes`,
  });
  const told = <T extends { writer: number; index: number }>(all: readonly T[]): Set<number> =>
    new Set(all.filter((each) => each.writer === writer).map(({ index }) => index));
  const acknowledged = told(ledger.acknowledged);
  const refused = told(ledger.refused.filter(({ outcome }) => outcome === 'not-written'));
  for (let index = 0; index < ledger.reserved[writer]!; index++) {
    const { sizes } = operation(workload, writer, index);
    const issued = history.issue(
      ...sizes.map((byteLength, part) => {
        const name = { round: workload.round, writer, index, part };
        const sum = once(() => sumOf(valueBytes(workload.seed, name, byteLength)));
        return { index, part, byteLength, sum };
      }),
    );
    if (acknowledged.has(index)) issued.acknowledge();
    if (refused.has(index)) issued.refuse();
  }
  try {
    history.check(
      rows.map(([, , , index, part, byteLength, sum]) => ({
        index,
        part,
        byteLength,
        sum: () => sum,
      })),
    );
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    say(`rule ${RULE_NUMBERS[error.rule]}: writer ${writer}: ${error.message}`);
  }
}

/** First LSN of each operation that came back; its other records stand right behind it. */
function lsnsOfOperations(
  rows: readonly RecoveredRow[],
  writer: number,
  say: (violation: string) => void,
): Map<number, number> {
  const firstLsns = new Map<number, number>();
  rows.forEach(([lsn, , , index, part], place) => {
    if (part === 0) firstLsns.set(index, lsn);
    else if (rows[place - 1]?.[0] !== lsn - 1) {
      say(`rule 4: LSN ${lsn} of writer ${writer} stands apart from its batch`);
    }
  });
  return firstLsns;
}

/** Bytes are made anew only for what came back. */
function once(compute: () => number): () => number {
  let known: number | undefined;
  return () => (known ??= compute());
}

/**
 * Judges a store that several tabs wrote to while their leaders died. Each writer's records are one
 * history of the crash kit's oracle (rules 2 to 6); what this file adds is the one order of them all,
 * and what each tab was shown of it.
 *
 * The rule, for the life of one store:
 *  1. LSNs are dense from 1: nothing is missing in between, nothing is twice.
 *  2. Nothing is there that no tab issued, and every byte is as issued.
 *  3. Each writer's operations stand there once each, in the order of issue, none left out, but for
 *     those at the end that a tab died over.
 *  4. A batch is there whole or not at all, its records next to each other.
 *  5. Everything acknowledged is there, at the LSN that was told.
 *  6. Nothing refused with `not-written` is there.
 *  7. Each tail saw every record once, in order, from the first on; that of a tab that lives to the end.
 *  8. Each read saw a part of the log without a gap, up to everything its tab knew to be durable.
 *  9. In a tab that lives nothing is refused, and every call ended.
 * 10. All tabs read the same log.
 * 11. When all is quiet there is one leader.
 */
import { History, type Rule, Violation } from '@varve/crashkit/oracle';
import { tabOperation, type TabRow, writerOf } from '../app/tab-report.ts';
import { sumOf, valueBytes } from '../app/value.ts';
import type { TabLedger } from './tab-ledger.ts';

export interface StoreLife {
  readonly seed: number;
  /** Of every tab that ever had the store open, dead or alive. */
  readonly ledgers: readonly TabLedger[];
  /** What each tab that lives reads back when all is quiet. */
  readonly readings: readonly (readonly TabRow[])[];
  /** What these tabs say they are. */
  readonly roles: readonly string[];
}

export interface TabsVerdict {
  readonly violations: readonly string[];
  readonly issued: number;
  readonly acknowledged: number;
  readonly records: number;
  /** Acknowledged operations that are not there, and operations that are there twice. */
  readonly lost: number;
  readonly twice: number;
}

const VIOLATIONS_MAX = 20;

export function judgeTabs({ seed, ledgers, readings, roles }: StoreLife): TabsVerdict {
  const violations: string[] = [];
  const say = (violation: string): void => void violations.push(violation);
  const rows = readings[0] ?? [];
  judgeDensity(rows, say);
  let lost = 0;
  let twice = 0;
  const rowsOf = byWriter(rows, ledgers, say);
  for (const ledger of ledgers) {
    for (const lane of [0, 1] as const) {
      const own = rowsOf.get(writerOf(ledger.tab, lane)) ?? [];
      judgeWriter(seed, ledger, lane, own, say);
      const found = judgePlaces(seed, ledger, lane, own, say);
      lost += found.lost;
      twice += found.twice;
    }
    judgeSightings(ledger, rows, say);
    judgeAnswers(ledger, say);
  }
  readings.slice(1).forEach((other, at) => judgeSame(rows, other, at + 1, say));
  const leaders = roles.filter((role) => role === 'leader').length;
  if (leaders !== 1) say(`rule 11: of the tabs that live, ${leaders} lead: ${roles.join(', ')}`);
  const sum = (of: (ledger: TabLedger) => number): number =>
    ledgers.reduce((total, ledger) => total + of(ledger), 0);
  return {
    violations: violations.slice(0, VIOLATIONS_MAX),
    issued: sum(({ issued }) => issued[0] + issued[1]),
    acknowledged: sum(({ acknowledged }) => acknowledged.length),
    records: rows.length,
    lost,
    twice,
  };
}

type Say = (violation: string) => void;

function judgeDensity(rows: readonly TabRow[], say: Say): void {
  rows.forEach(([lsn], place) => {
    const next = place + 1;
    const before = rows[place - 1]?.[0] ?? 0;
    if (lsn !== before + 1) say(`rule 1: LSN ${lsn} stands after ${before}, in place ${next}`);
  });
}

function byWriter(
  rows: readonly TabRow[],
  ledgers: readonly TabLedger[],
  say: Say,
): Map<number, TabRow[]> {
  const known = ledgers.flatMap(({ tab }) => [writerOf(tab, 0), writerOf(tab, 1)]);
  const found = new Map<number, TabRow[]>(known.map((writer) => [writer, []]));
  for (const row of rows) {
    const own = found.get(row[1]);
    if (own === undefined) say(`rule 2: LSN ${row[0]} holds [${row}], nobody’s record`);
    else own.push(row);
  }
  return found;
}

const RULE_NUMBERS: Readonly<Record<Rule, number>> = {
  prefix: 3,
  whole: 4,
  bytes: 2,
  acknowledged: 5,
  refused: 6,
  again: 3,
};

/** A record, without its bytes: they follow from its name, and a sum stands for them. */
interface Part {
  readonly index: number;
  readonly part: number;
  readonly byteLength: number;
  sum(): number;
}

/** Rules 2 to 6, all but the LSNs. */
function judgeWriter(
  seed: number,
  ledger: TabLedger,
  lane: number,
  rows: readonly TabRow[],
  say: Say,
): void {
  const writer = writerOf(ledger.tab, lane);
  const history = new History<Part>({
    same: (a, b) =>
      a.index === b.index &&
      a.part === b.part &&
      a.byteLength === b.byteLength &&
      a.sum() === b.sum(),
    show: ({ index, part, byteLength }) =>
      `part ${part} of operation ${index} of tab ${ledger.tab}, ${byteLength} bytes`,
  });
  const acknowledged = new Set(
    ledger.acknowledged.filter((each) => each.lane === lane).map(({ index }) => index),
  );
  const refused = new Map(
    ledger.refused.filter((each) => each.lane === lane).map((each) => [each.index, each]),
  );
  for (let index = 0; index < ledger.reserved[lane]!; index++) {
    const { sizes } = tabOperation(seed, writer, index);
    const issued = history.issue(
      ...sizes.map((byteLength, part) => {
        const sum = once(() =>
          sumOf(valueBytes(seed, { round: 0, writer, index, part }, byteLength)),
        );
        return { index, part, byteLength, sum };
      }),
    );
    if (acknowledged.has(index)) issued.acknowledge();
    else if (refused.get(index)?.outcome === 'not-written') issued.refuse();
    // A tab that lives and does not know, goes on: that one may be missing where later ones stand.
    else if (refused.has(index) && ledger.died === undefined) issued.giveUp();
  }
  try {
    history.check(
      rows.map(([, , index, part, byteLength, sum]) => ({
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

/** The LSNs of rules 3 to 5. */
function judgePlaces(
  seed: number,
  ledger: TabLedger,
  lane: number,
  rows: readonly TabRow[],
  say: Say,
): { lost: number; twice: number } {
  const firstLsns = new Map<number, number>();
  const writer = writerOf(ledger.tab, lane);
  let lost = 0;
  let twice = 0;
  rows.forEach(([lsn, , index, part], place) => {
    const before = firstLsns.get(index);
    if (part === 0 && before !== undefined) {
      twice++;
      say(`rule 3: operation ${index} of writer ${writer} is there twice, at ${before} and ${lsn}`);
    } else if (part === 0) firstLsns.set(index, lsn);
    else if (rows[place - 1]?.[0] !== lsn - 1)
      say(`rule 4: LSN ${lsn} of writer ${writer} stands apart from its batch`);
  });
  for (const { lane: own, index, lsn } of ledger.acknowledged) {
    if (own !== lane) continue;
    const at = firstLsns.get(index);
    const { sizes } = tabOperation(seed, writer, index);
    const what = `operation ${index} (${sizes.length}) of writer ${writer}`;
    if (at === undefined) {
      lost++;
      say(`rule 5: ${what} was acknowledged at ${lsn} and is gone`);
    } else if (at !== lsn) say(`rule 5: ${what} was acknowledged at ${lsn}, stands at ${at}`);
  }
  return { lost, twice };
}

/** Rules 7 and 8. */
function judgeSightings(ledger: TabLedger, rows: readonly TabRow[], say: Say): void {
  const { tab, tail, reads, died } = ledger;
  const firstOf = (seen: readonly TabRow[]): number => seen[0]?.[0] ?? 1;
  if (tail.length > 0 && firstOf(tail) !== 1)
    say(`rule 7: the tail of tab ${tab} began at ${firstOf(tail)}`);
  unlike(tail, rows, (what) => say(`rule 7: the tail of tab ${tab} ${what}`));
  if (died === undefined && tail.length < rows.length)
    say(`rule 7: the tail of tab ${tab} saw ${tail.length} of ${rows.length} records`);
  for (const { floor, rows: seen } of reads) {
    unlike(seen, rows, (what) => say(`rule 8: a read of tab ${tab} ${what}`));
    const last = seen.at(-1)?.[0] ?? 0;
    if (last < floor) say(`rule 8: a read of tab ${tab} ended at ${last}; ${floor} was durable`);
  }
}

/** Says the first place at which what was seen is not a part of the log, if there is one. */
function unlike(seen: readonly TabRow[], rows: readonly TabRow[], say: Say): void {
  const first = seen[0]?.[0] ?? 1;
  for (const [place, row] of seen.entries()) {
    const [lsn] = row;
    if (lsn !== first + place) return say(`saw LSN ${lsn} where ${first + place} was next`);
    const there = rows[lsn - 1];
    if (there === undefined) return say(`saw LSN ${lsn}, which is not there`);
    if (row.some((field, at) => field !== there[at]))
      return say(`saw [${row}], and [${there}] is there`);
  }
}

/** Rule 9. */
function judgeAnswers({ tab, refused, wrong, unended, died }: TabLedger, say: Say): void {
  if (unended > 0) say(`rule 9: ${unended} calls of tab ${tab} never ended`);
  if (died !== undefined) return;
  for (const { index, code, outcome } of refused)
    say(`rule 9: operation ${index} of tab ${tab} was refused: ${code}, ${outcome}`);
  for (const what of wrong) say(`rule 9: tab ${tab}: ${what}`);
}

/** Rule 10. */
function judgeSame(rows: readonly TabRow[], other: readonly TabRow[], at: number, say: Say): void {
  if (other.length !== rows.length)
    say(`rule 10: reading 0 has ${rows.length} records, reading ${at} ${other.length}`);
  unlike(other, rows, (what) => say(`rule 10: reading ${at} ${what}`));
}

/** Bytes are made anew only for what came back. */
function once(compute: () => number): () => number {
  let known: number | undefined;
  return () => (known ??= compute());
}

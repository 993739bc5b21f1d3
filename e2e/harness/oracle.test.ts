/** Rules 9 to 11, and what trims change of 1 and 2: each seen to fail with a made-up violation. */
import { expect, test } from 'vitest';
import type { Recovered, RecoveredRow } from '../app/page.ts';
import { sumOf, valueBytes } from '../app/value.ts';
import { houseStep, operation, WRITERS, type Round } from '../app/workload.ts';
import { Ledger } from './ledger.ts';
import { Oracle, type Verdict } from './oracle.ts';

const SEED = 5;
const profile = 'records';
const OPERATIONS = 12;

const workloadOf = (round: number): Round => ({ seed: SEED, round, profile });

/** All records of a round, as if the store held them from `firstLsn` on. */
function rowsOf(round: number, firstLsn: number): RecoveredRow[] {
  const rows: RecoveredRow[] = [];
  for (let index = 0; index < OPERATIONS; index++) {
    operation(workloadOf(round), WRITERS.appends, index).sizes.forEach((byteLength, part) => {
      const name = { round, writer: WRITERS.appends, index, part };
      const sum = sumOf(valueBytes(SEED, name, byteLength));
      rows.push([firstLsn + rows.length, round, name.writer, index, part, byteLength, sum]);
    });
  }
  return rows;
}

function stateOf(round: number, step: number, upTo: number): RecoveredRow {
  const { stateBytes } = houseStep(workloadOf(round), step);
  const name = { round, writer: WRITERS.checkpoints, index: step, part: 0 };
  const sum = sumOf(valueBytes(SEED, name, stateBytes));
  return [upTo, round, name.writer, step, 0, stateBytes, sum];
}

function changed(
  [lsn, round, writer, index, part, length, was]: RecoveredRow,
  { byteLength = length, sum = was }: { byteLength?: number; sum?: number },
): RecoveredRow {
  return [lsn, round, writer, index, part, byteLength, sum];
}

function recoveredOf(
  rows: readonly RecoveredRow[],
  checkpoint: RecoveredRow | null = null,
  firstLsn = rows[0]?.[0] ?? 1,
): Recovered {
  return {
    rows,
    checkpoint,
    slots: { segments: [], endSlot: -1 },
    facts: { tornBytes: 0, tailUncertain: false, clean: false, rows: [], firstLsn },
    openMs: 0,
  };
}

const issue = (ledger: Ledger): void =>
  ledger.take({
    kind: 'appends',
    reserved: [OPERATIONS, 0],
    issued: [OPERATIONS, 0],
    acknowledged: [],
    refused: [],
  });

type Stage = 'issued' | 'acknowledged';

function checkpoint(ledger: Ledger, step: number, upTo: number, until: Stage): void {
  ledger.take({ kind: 'checkpoint', stage: 'issued', step, upTo });
  if (until === 'acknowledged') ledger.take({ kind: 'checkpoint', stage: until, step, upTo });
}

function trim(ledger: Ledger, before: number, until: Stage): void {
  ledger.take({ kind: 'trim', stage: 'issued', before });
  if (until === 'acknowledged') ledger.take({ kind: 'trim', stage: until, before });
}

const FIRST = rowsOf(1, 1);
const BOTH = [...FIRST, ...rowsOf(2, FIRST.length + 1)];

/** A store that has lived through one kill, and what its second round told. */
class Life {
  readonly oracle = new Oracle(SEED);
  readonly ledger = new Ledger();

  constructor(owed: RecoveredRow | null = null) {
    const first = new Ledger();
    issue(first);
    if (owed !== null) checkpoint(first, owed[3], owed[0], 'acknowledged');
    const { violations } = this.judge(first, 1, recoveredOf(FIRST, owed));
    if (violations.length > 0) throw new Error(violations.join('; '));
    issue(this.ledger);
  }

  second(recovered: Recovered): Verdict {
    return this.judge(this.ledger, 2, recovered);
  }

  judge(ledger: Ledger, round: number, recovered: Recovered): Verdict {
    return this.oracle.judge({ round, profile, ledger }, recovered);
  }
}

const none: readonly string[] = [];
const saying = (rule: number, words: string): string[] => [
  expect.stringMatching(new RegExp(`^rule ${rule}: .*${words}`)) as string,
];

test('what an earlier recovery served is what may be trimmed', () => {
  expect(new Oracle(SEED).served).toEqual({ firstLsn: 1, lastLsn: 0 });
  const { oracle } = new Life();
  expect(oracle.served).toEqual({ firstLsn: 1, lastLsn: FIRST.length });
});

test.each([
  ['below an acknowledged trim', 4, 'acknowledged', 3, saying(9, 'acknowledged to be gone')],
  ['at an acknowledged trim', 4, 'acknowledged', 4, none],
  ['beyond every trim that was issued', 4, 'acknowledged', 5, saying(9, 'trimmed was below 4')],
  ['at a trim without an answer', 4, 'issued', 4, none],
  ['as if a trim without an answer had not been', 4, 'issued', 1, none],
  ['beyond a trim without an answer', 4, 'issued', 5, saying(9, 'trimmed was below 4')],
] as const)('history that begins %s', (_, before, until, firstLsn, violations) => {
  const life = new Life();
  trim(life.ledger, before, until);
  const verdict = life.second(recoveredOf(BOTH.slice(firstLsn - 1)));
  expect(verdict.violations).toEqual(violations);
  expect(verdict.trims).toBe(until === 'acknowledged' ? 1 : 0);
});

test('history that begins later although nothing was trimmed', () => {
  const { violations } = new Life().second(recoveredOf(BOTH.slice(1)));
  expect(violations).toEqual(saying(9, 'trimmed was below 1'));
});

test('everything was trimmed and nothing came after: the first LSN is the next one', () => {
  const life = new Life();
  trim(life.ledger, FIRST.length + 1, 'acknowledged');
  expect(life.second(recoveredOf([], null, FIRST.length + 1)).violations).toEqual([]);
  const { served } = life.oracle;
  expect(served).toEqual({ firstLsn: FIRST.length + 1, lastLsn: FIRST.length });
});

test('a trimmed record that comes back', () => {
  const life = new Life();
  trim(life.ledger, 4, 'issued');
  expect(life.second(recoveredOf(BOTH.slice(3))).violations).toEqual([]);
  const { violations } = life.judge(new Ledger(), 3, recoveredOf(BOTH));
  expect(violations).toEqual(saying(9, 'began at 4 and begins at 1 again'));
});

test('a record behind the trim that changes, or is missing', () => {
  const wrong = BOTH.map((row) => (row[0] === 6 ? changed(row, { sum: 7 }) : row));
  const life = new Life();
  trim(life.ledger, 4, 'acknowledged');
  expect(life.second(recoveredOf(wrong.slice(3))).violations).toEqual(saying(2, 'LSN 6 was'));
  const other = new Life();
  trim(other.ledger, 4, 'acknowledged');
  const { violations } = other.second(recoveredOf(BOTH.slice(3).filter(([lsn]) => lsn !== 6)));
  expect(violations).toContainEqual(expect.stringMatching(/^rule 1: LSN 7 stands where 6 should/));
  expect(violations).toContainEqual('rule 2: LSN 6 was served before and is gone');
});

const OWED = stateOf(1, 0, 2);

test.each([
  ['the last one acknowledged', stateOf(2, 1, 5), none, 0],
  ['the one under way', stateOf(2, 2, 6), none, 0],
  ['the one before', stateOf(2, 0, 3), saying(10, 'acknowledged after it'), 1],
  ['the one of the round before', OWED, saying(10, 'acknowledged after it'), 1],
  ['gone', null, saying(10, 'nothing is there'), 1],
  ['of another LSN', stateOf(2, 1, 4), saying(10, 'never issued'), 0],
  ['of other bytes', changed(stateOf(2, 1, 5), { sum: 9 }), saying(10, 'never issued'), 0],
  ['shorter', changed(stateOf(2, 1, 5), { byteLength: 31 }), saying(10, 'never issued'), 0],
  ['not one of ours', [5, -1, 0, 0, 0, 9, 9] as const, saying(10, 'never issued'), 0],
  ['one never issued', stateOf(2, 3, 7), saying(10, 'never issued'), 0],
] as const)('a checkpoint that is %s', (_, row, violations, lost) => {
  const life = new Life(OWED);
  checkpoint(life.ledger, 0, 3, 'acknowledged');
  checkpoint(life.ledger, 1, 5, 'acknowledged');
  checkpoint(life.ledger, 2, 6, 'issued');
  const verdict = life.second(recoveredOf(BOTH, row));
  expect(verdict.violations).toEqual(violations);
  expect([verdict.lost, verdict.checkpoints]).toEqual([lost, 2]);
});

test('the checkpoint that an earlier recovery gave is owed, although nobody acknowledged it', () => {
  const life = new Life();
  checkpoint(life.ledger, 0, 3, 'issued');
  expect(life.second(recoveredOf(BOTH, stateOf(2, 0, 3))).violations).toEqual([]);
  const verdict = life.judge(new Ledger(), 3, recoveredOf(BOTH));
  expect(verdict.violations).toEqual(saying(10, 'nothing is there'));
  expect(verdict.lost).toBe(1);
});

test('a checkpoint that stands for more than the log holds', () => {
  const life = new Life();
  checkpoint(life.ledger, 0, BOTH.length, 'acknowledged');
  const { violations } = life.second(recoveredOf(FIRST, stateOf(2, 0, BOTH.length)));
  expect(violations).toEqual(saying(10, `the log ends at ${FIRST.length}`));
});

test('a trim that was refused, and one whose worker died', () => {
  const life = new Life();
  life.ledger.take({ kind: 'refused', what: 'trim', code: 'WORKER_DIED' });
  life.ledger.take({ kind: 'refused', what: 'trim', code: 'CORRUPT' });
  const { violations } = life.second(recoveredOf(BOTH));
  expect(violations).toEqual(['rule 11: a trim was refused: CORRUPT']);
});

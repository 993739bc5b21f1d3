/** Each rule seen to fail with a made-up violation; and what a death leaves open is left open. */
import { describe, expect, test } from 'vitest';
import { tabOperation, type TabRow, writerOf } from '../app/tab-report.ts';
import { sumOf, valueBytes } from '../app/value.ts';
import { type StoreLife, judgeTabs } from './tabs-judge.ts';
import { TabLedger } from './tab-ledger.ts';

const SEED = 7;
const OPERATIONS = 12;

/** The records of one operation, from `firstLsn` on. */
function recordsOf(tab: number, index: number, firstLsn: number): TabRow[] {
  const writer = writerOf(tab, 0);
  return tabOperation(SEED, writer, index).sizes.map((byteLength, part) => {
    const sum = sumOf(valueBytes(SEED, { round: 0, writer, index, part }, byteLength));
    return [firstLsn + part, writer, index, part, byteLength, sum];
  });
}

const renumbered = (rows: readonly TabRow[]): TabRow[] =>
  rows.map(([, ...rest], place) => [place + 1, ...rest]);

const isOf =
  (tab: number, index: number) =>
  ([, writer, own]: TabRow): boolean =>
    writer === writerOf(tab, 0) && own === index;

interface Life {
  rows: TabRow[];
  tabs: [TabLedger, TabLedger];
  roles: string[];
}

/** Two tabs that took turns; everything was acknowledged, seen by both tails and read. */
function quietLife(): Life {
  const rows: TabRow[] = [];
  const tabs: [TabLedger, TabLedger] = [new TabLedger(0), new TabLedger(1)];
  for (let index = 0; index < OPERATIONS; index++) {
    for (const { tab, acknowledged } of tabs) {
      acknowledged.push({ lane: 0, index, lsn: rows.length + 1, atMs: 0 });
      rows.push(...recordsOf(tab, index, rows.length + 1));
    }
  }
  for (const ledger of tabs) {
    ledger.reserved[0] = ledger.issued[0] = OPERATIONS;
    ledger.tail.push(...rows);
    ledger.reads.push({ floor: rows.length, rows: rows.slice(3) });
  }
  return { rows, tabs, roles: ['leader', 'follower'] };
}

const verdictOf = ({ rows, tabs, roles }: Life, other: readonly TabRow[] = rows): string[] => {
  const life: StoreLife = { seed: SEED, ledgers: tabs, readings: [rows, other], roles };
  return [...judgeTabs(life).violations];
};

/** What tails and reads saw is as it was before `change`: only what is asked about shall differ. */
function changed(change: (rows: TabRow[], life: Life) => TabRow[]): Life {
  const life = quietLife();
  life.rows = change(life.rows, life);
  for (const ledger of life.tabs) {
    ledger.tail.splice(0, Infinity, ...life.rows);
    ledger.reads.splice(0);
  }
  return life;
}

const BATCH = Array.from({ length: OPERATIONS }, (_, index) => index).find(
  (index) => tabOperation(SEED, writerOf(0, 0), index).sizes.length > 1,
)!;

test('nothing is wrong with a life in which nothing went wrong', () => {
  expect(verdictOf(quietLife())).toEqual([]);
  expect(BATCH).toBeGreaterThan(0);
});

describe('caught:', () => {
  test('rule 1, a gap in the LSNs', () => {
    const life = changed((rows) =>
      rows.map(([lsn, ...rest]) => [lsn > 5 ? lsn + 1 : lsn, ...rest]),
    );
    expect(verdictOf(life)).toContainEqual(expect.stringMatching(/^rule 1: LSN 7 stands after 5/));
  });

  test('rule 2, a record of nobody', () => {
    const life = changed((rows) => [...rows, [rows.length + 1, 99, 0, 0, 40, 1]]);
    expect(verdictOf(life)).toContainEqual(expect.stringMatching(/^rule 2: .*nobody/));
  });

  test('rule 2, other bytes', () => {
    const life = changed((rows) =>
      rows.map((row) => (row[0] === 4 ? [row[0], row[1], row[2], row[3], row[4], 1] : row)),
    );
    expect(verdictOf(life)).toContainEqual(expect.stringMatching(/^rule 2/));
  });

  test('rule 3, a value that is there twice: acknowledged once', () => {
    const life = changed((rows) => renumbered([...rows, ...recordsOf(1, OPERATIONS - 1, 0)]));
    expect(verdictOf(life)).toContainEqual(expect.stringMatching(/^rule 3: operation 11 .* twice/));
  });

  test('rule 3, two values of a tab in the wrong order', () => {
    const life = changed((rows, { tabs }) => {
      tabs[1].acknowledged.splice(0);
      const [third, fourth] = [rows.filter(isOf(1, 2)), rows.filter(isOf(1, 3))];
      const others = rows.filter((row) => !third.includes(row) && !fourth.includes(row));
      return renumbered([...others.slice(0, 2), ...fourth, ...third, ...others.slice(2)]);
    });
    expect(verdictOf(life)).toContainEqual(expect.stringMatching(/^rule 3: writer 2/));
  });

  test('rule 3, a hole before what a dead tab had under way', () => {
    const life = changed((rows, { tabs }) => {
      tabs[1].acknowledged.splice(3);
      tabs[1].died = 'renderer';
      return renumbered(rows.filter((row) => !isOf(1, 5)(row)));
    });
    expect(verdictOf(life)).toContainEqual(expect.stringMatching(/^rule 3: writer 2/));
  });

  test('rule 4, half a batch', () => {
    const life = changed((rows, { tabs }) => {
      tabs[0].acknowledged.splice(BATCH);
      tabs[0].died = 'close';
      const first = rows.find(isOf(0, BATCH))!;
      return renumbered(rows.filter((row) => row === first || !(row[1] === 0 && row[2] >= BATCH)));
    });
    expect(verdictOf(life)).toContainEqual(expect.stringMatching(/^rule 4/));
  });

  test('rule 5, something acknowledged that is gone', () => {
    const life = changed((rows) => renumbered(rows.filter((row) => !isOf(1, OPERATIONS - 1)(row))));
    expect(verdictOf(life)).toContainEqual(expect.stringMatching(/^rule 5: .* is gone/));
  });

  test('rule 5, an LSN that was told and is another’s', () => {
    const life = quietLife();
    life.tabs[1].acknowledged[3] = { ...life.tabs[1].acknowledged[3]!, lsn: 1 };
    expect(verdictOf(life)).toEqual([
      expect.stringMatching(/^rule 5: .*acknowledged at 1, stands at/),
    ]);
  });

  test('rule 6, something refused that is there', () => {
    const life = quietLife();
    const { acknowledged, refused } = life.tabs[1];
    acknowledged.pop();
    refused.push({ lane: 0, index: OPERATIONS - 1, code: 'TIMEOUT', outcome: 'not-written' });
    expect(verdictOf(life)).toContainEqual(expect.stringMatching(/^rule 6/));
  });

  test('rule 7, a tail that saw a record twice', () => {
    const life = quietLife();
    const { tail } = life.tabs[1];
    tail.splice(6, 0, tail[5]!);
    expect(verdictOf(life)).toEqual([
      expect.stringMatching(/^rule 7: .*saw LSN 6 where 7 was next/),
    ]);
  });

  test('rule 7, a tail that left one out', () => {
    const life = quietLife();
    life.tabs[1].tail.splice(6, 1);
    expect(verdictOf(life)).toContainEqual(expect.stringMatching(/^rule 7: .*saw LSN 8 where 7/));
  });

  test('rule 7, a tail that served what is not there any more', () => {
    const life = quietLife();
    life.tabs[1].died = 'renderer';
    life.tabs[1].tail[5] = recordsOf(0, OPERATIONS, 6)[0]!;
    expect(verdictOf(life)).toEqual([expect.stringMatching(/^rule 7: .*saw \[6,.*is there/)]);
  });

  test('rule 7, a tail that stopped before the end', () => {
    const life = quietLife();
    life.tabs[0].tail.pop();
    expect(verdictOf(life)).toEqual([expect.stringMatching(/^rule 7: the tail of tab 0 saw/)]);
  });

  test('rule 8, a read that ended before what its tab knew to be durable', () => {
    const life = quietLife();
    const { rows } = life;
    life.tabs[1].reads.push({ floor: rows.length, rows: rows.slice(2, -1) });
    expect(verdictOf(life)).toEqual([expect.stringMatching(/^rule 8: .*ended at/)]);
  });

  test('rule 9, a refusal in a tab that lives', () => {
    const life = changed((rows, { tabs }) => {
      const last = tabs[1].acknowledged.pop()!;
      tabs[1].refused.push({ lane: 0, index: last.index, code: 'LEADER_LOST', outcome: 'unknown' });
      return rows;
    });
    expect(verdictOf(life)).toEqual([expect.stringMatching(/^rule 9: .*LEADER_LOST, unknown/)]);
  });

  test('rule 9, a call that never ended', () => {
    const life = quietLife();
    life.tabs[0].unended = 1;
    expect(verdictOf(life)).toEqual(['rule 9: 1 calls of tab 0 never ended']);
  });

  test('rule 10, tabs that read different logs', () => {
    const life = quietLife();
    expect(verdictOf(life, life.rows.slice(0, -1))).toEqual([expect.stringMatching(/^rule 10/)]);
  });

  test('rule 11, two leaders, and none', () => {
    const life = quietLife();
    expect(verdictOf({ ...life, roles: ['leader', 'leader'] })).toEqual([
      expect.stringMatching(/^rule 11: .*2 lead/),
    ]);
    expect(verdictOf({ ...life, roles: ['follower', 'follower'] })).toEqual([
      expect.stringMatching(/^rule 11: .*0 lead/),
    ]);
  });
});

describe('left open by a death:', () => {
  test('what was under way may be there, or not', () => {
    for (const there of [true, false]) {
      const life = changed((rows, { tabs }) => {
        tabs[1].acknowledged.splice(OPERATIONS - 2);
        tabs[1].died = 'renderer';
        const underWay = (row: TabRow): boolean => row[1] === 2 && row[2] >= OPERATIONS - 2;
        return there ? rows : rows.filter((row) => !underWay(row));
      });
      life.rows = renumbered(life.rows);
      life.tabs[0].acknowledged.splice(0, Infinity, ...lsnsOf(life.rows, 0));
      for (const { tail } of life.tabs) tail.splice(0, Infinity, ...life.rows);
      expect(verdictOf(life)).toEqual([]);
    }
  });

  test('what the worker’s end refused as unknown', () => {
    const life = quietLife();
    const [, dead] = life.tabs;
    dead.died = 'worker';
    dead.acknowledged.pop();
    dead.refused.push({ lane: 0, index: OPERATIONS - 1, code: 'WORKER_DIED', outcome: 'unknown' });
    dead.wrong.push('the tail ended: WORKER_DIED');
    expect(verdictOf(life)).toEqual([]);
  });
});

function lsnsOf(rows: readonly TabRow[], tab: number): TabLedger['acknowledged'] {
  return rows
    .filter(([, writer, , part]) => writer === writerOf(tab, 0) && part === 0)
    .map(([lsn, , index]) => ({ lane: 0, index, lsn, atMs: 0 }));
}

import { expect, test } from 'vitest';
import type { LedgerPage } from './ledger.ts';
import { payloadOf, StormType, type StormRecord } from './storm.ts';
import { judge, type Verdict } from './verdict.ts';

const record = (appender: number, sequence: number, run = 'this-run'): StormRecord => ({
  run,
  appender,
  sequence,
  payload: payloadOf(appender, sequence),
});

/** Two appenders: the first was told of three records, the second of one of its two. */
const PAGE: LedgerPage = {
  run: 'this-run',
  afterLsn: 10,
  startedMs: 0,
  issued: [3, 2],
  acknowledged: [3, 1],
  end: 'worker killed',
};

const ALL = [record(0, 1), record(1, 1), record(0, 2), record(0, 3)];

function judgeStore(found: readonly StormRecord[]): Promise<Verdict> {
  const recovery = { rows: [] };
  const log = {
    status: () => ({ recovery }),
    async *read({ after, type }: { after: number; type: number }) {
      expect([after, type]).toEqual([PAGE.afterLsn, StormType]);
      for (const [index, value] of found.entries()) yield { lsn: after + 1 + index, value, type };
    },
  };
  return judge(log as never, PAGE, 0);
}

test('all that was acknowledged is there, what was in flight is not: passed', async () => {
  const verdict = await judgeStore(ALL);
  expect(verdict).toMatchObject({
    issued: 5,
    acknowledged: 4,
    recovered: 4,
    lost: 0,
    passed: true,
  });
  expect(verdict.inFlight).toEqual(['none', 'absent']);
});

test('what was in flight is there too: passed', async () => {
  const verdict = await judgeStore([...ALL, record(1, 2)]);
  expect(verdict).toMatchObject({ recovered: 5, passed: true });
  expect(verdict.inFlight).toEqual(['none', 'found']);
});

test('records of other storms are none of its business', async () => {
  expect(await judgeStore([record(0, 9, 'another-run'), ...ALL])).toMatchObject({
    recovered: 4,
    passed: true,
  });
});

const BROKEN: readonly (readonly [string, readonly StormRecord[], Partial<Verdict>])[] = [
  ['the last acknowledged record is missing', ALL.slice(0, 3), { lost: 1 }],
  ['an appender is missing altogether', ALL.filter(({ appender }) => appender === 0), { lost: 1 }],
  ['the store is empty', [], { lost: 4 }],
  [
    'a record in the middle is missing',
    ALL.filter(({ sequence }) => sequence !== 2),
    { outOfOrder: 1 },
  ],
  ['two records changed places', [ALL[2]!, ALL[1]!, ALL[0]!, ALL[3]!], { outOfOrder: 3 }],
  ['a record came twice', [...ALL, record(0, 3)], { outOfOrder: 1 }],
  ['a record was never issued', [...ALL, record(0, 4)], { strangers: 1 }],
  ['an appender never existed', [...ALL, record(7, 1)], { strangers: 1 }],
  [
    'a byte is wrong',
    [...ALL.slice(0, 3), { ...record(0, 3), payload: payloadOf(0, 4) }],
    { wrongBytes: 1 },
  ],
];

test.each(BROKEN)('%s: failed', async (_, found, facts) => {
  expect(await judgeStore(found)).toMatchObject({ ...facts, passed: false });
});

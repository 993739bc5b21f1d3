/** The table of clients as bytes, and runs that nobody sent so. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runOf } from './client-run.ts';
import { CLIENTS_MAX, ClientTable, MESSAGES_MAX, PARTS_MAX } from './client-table.ts';

/** Every fifth is a key. */
const name = (index: number): string => {
  const digits = (index + 1).toString(16);
  return index % 5 === 4 ? `02${digits.padStart(14, '0')}` : digits.padStart(16, 'f');
};
const stampOf = (client: number, sequence: number, answeredTo = 0) => ({
  client: name(client),
  sequence,
  sinceGeneration: 1,
  answeredTo,
  isRepeated: true,
});

/** What a log says, run by run. */
const runs = fc.array(
  fc.record({
    client: fc.nat({ max: 300 }),
    sequence: fc.integer({ min: 1, max: 12 }),
    group: fc.nat({ max: 3 }),
    count: fc.integer({ min: 1, max: 9 }),
    gap: fc.nat({ max: 2 }),
  }),
  { maxLength: 400, size: 'max' },
);

function tableOf(all: readonly (typeof runs extends fc.Arbitrary<(infer T)[]> ? T : never)[]) {
  const table = new ClientTable();
  let lsn = 1;
  for (const { client, sequence, group, count, gap } of all) {
    lsn += gap;
    table.apply(runOf(name(client), sequence, group), lsn, count, 1 + Math.floor(lsn / 50));
    lsn += count;
  }
  return table;
}

describe('the bytes of a table', () => {
  test('say what it said, whatever runs made it', () => {
    fc.assert(
      fc.property(runs, (all) => {
        const table = tableOf(all);
        const bytes = table.encode();
        expect(bytes.length).toBe(table.encodedBytes);
        const again = ClientTable.decode(bytes);
        expect(again?.size).toBe(Math.min(CLIENTS_MAX, table.size));
        expect(again?.encode()).toEqual(bytes);
      }),
      { seed: 20_261_121, numRuns: 100 },
    );
  });

  test('cut short, or one byte longer, are no table', () => {
    const bytes = tableOf([{ client: 1, sequence: 1, group: 0, count: 3, gap: 0 }]).encode();
    for (let length = 0; length < bytes.length; length++)
      expect(ClientTable.decode(bytes.subarray(0, length))).toBeUndefined();
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(ClientTable.decode(longer)).toBeUndefined();
  });

  test('of another version are no table', () => {
    const bytes = new ClientTable().encode();
    bytes[0] = 2;
    expect(ClientTable.decode(bytes)).toBeUndefined();
  });
});

describe('runs', () => {
  test('that come twice, as copies do, count once', () => {
    const table = new ClientTable();
    for (const _ of [1, 2]) {
      for (let sequence = 1; sequence <= 20; sequence++)
        table.apply(runOf(name(0), sequence, 0), sequence, 1, 1);
    }
    const known = table.admit(stampOf(0, 20, 12), 1);
    expect(known?.parts).toEqual([{ groups: 1, firstLsn: 20, count: 1 }]);
    expect(() => table.admit(stampOf(0, 20 - MESSAGES_MAX), 1)).toThrow('OUTCOME_UNKNOWN');
  });

  test('that leave groups of a message out say nothing of it, and nothing is appended', () => {
    const table = new ClientTable();
    table.apply(runOf(name(0), 1, 0), 1, 1, 1);
    table.apply(runOf(name(0), 1, 2), 3, 1, 1);
    expect(() => table.admit(stampOf(0, 1), 1)).toThrow('OUTCOME_UNKNOWN');
    expect(table.admit(stampOf(0, 2), 1)).toBeUndefined();
  });

  test(`in more than ${PARTS_MAX} parts say nothing of their message`, () => {
    const table = new ClientTable();
    for (let group = 0; group <= PARTS_MAX; group++)
      table.apply(runOf(name(0), 1, group), 1 + 2 * group, 1, 1);
    expect(() => table.admit(stampOf(0, 1), 1)).toThrow('OUTCOME_UNKNOWN');
  });
});

test('answers that the client has are let go', () => {
  const table = new ClientTable();
  for (let sequence = 1; sequence <= 5; sequence++)
    table.apply(runOf(name(0), sequence, 0), sequence, 1, 1);
  const before = table.encodedBytes;
  table.admit(stampOf(0, 6, 5), 1);
  expect(table.encodedBytes).toBeLessThan(before);
  expect(() => table.admit(stampOf(0, 5, 4), 1)).toThrow('OUTCOME_UNKNOWN');
});

test('a first copy that comes behind the answer to its repetition is not taken for new', () => {
  const table = new ClientTable();
  table.apply(runOf(name(0), 1, 0), 1, 1, 1);
  table.admit(stampOf(0, 2, 1), 1);
  const late = { ...stampOf(0, 1), isRepeated: false };
  expect(() => table.admit(late, 1)).toThrow('OUTCOME_UNKNOWN');
});

import { writeRecordFrame } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { recordsOf } from './records.ts';

/** Frames of the given sizes, payloads filled with their number, and where they end. */
function frames(sizes: readonly number[]): { bytes: Uint8Array; end: number } {
  const bytes = new Uint8Array(10_000);
  let end = 0;
  sizes.forEach((size, index) => {
    end = writeRecordFrame(bytes, end, 64 + index, 300 * index, new Uint8Array(size).fill(index));
  });
  return { bytes, end };
}

function rows(heads: Uint32Array, bytes: Uint8Array): unknown[] {
  return Array.from({ length: heads.length / 4 }, (_, row) => {
    const [type, channel, start, end] = heads.subarray(4 * row, 4 * row + 4);
    return [type, channel, [...bytes.subarray(start, end)]];
  });
}

describe('the table of a chunk', () => {
  const { bytes, end } = frames([2, 0, 3]);
  const run = { firstLsn: 7, count: 3, start: 0, end, wallTimeMs: 5 };
  const wanted = [
    [64, 0, [0, 0]],
    [65, 300, []],
    [66, 600, [2, 2, 2]],
  ];

  test('has a row for each record, in reading order', () => {
    const records = recordsOf({ bytes, runs: [run] });
    expect(records.runs).toEqual([{ firstLsn: 7, count: 3, wallTimeMs: 5 }]);
    expect(rows(records.heads, bytes)).toEqual(wanted);
    expect(rows(recordsOf({ bytes, runs: [run] }, true).heads, bytes)).toEqual(wanted.toReversed());
  });

  test('of several runs stands run by run, each descending when read backwards', () => {
    const twice = recordsOf({ bytes, runs: [run, { ...run, firstLsn: 1 }] }, true);
    expect(rows(twice.heads, bytes)).toEqual([...wanted.toReversed(), ...wanted.toReversed()]);
  });

  test('leaves a record that lies elsewhere without a place', () => {
    const external = bytes.slice();
    external[1] = 2;
    expect([...recordsOf({ bytes: external, runs: [run] }).heads.subarray(2, 4)]).toEqual([0, 0]);
  });

  test('of bytes that are no frames is CORRUPT, with the LSNs', () => {
    expect(() => recordsOf({ bytes, runs: [{ ...run, count: 4 }] })).toThrow(
      expect.objectContaining({ code: 'CORRUPT', facts: { from: 10, to: 10 } }),
    );
  });
});

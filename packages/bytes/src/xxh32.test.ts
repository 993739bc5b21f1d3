import { describe, expect, test } from 'vitest';
import { readU32 } from './little-endian.ts';
import { xxh32 } from './xxh32.ts';

const utf8 = (text: string): Uint8Array => new Uint8Array([...text].map((c) => c.charCodeAt(0)));

/** The published algorithm as it is written down, with exact integers: slow, and short. */
function published(bytes: Uint8Array, seed: number): number {
  const P = [2654435761n, 2246822519n, 3266489917n, 668265263n, 374761393n] as const;
  const u32 = (value: bigint): bigint => BigInt.asUintN(32, value);
  const rotated = (value: bigint, by: bigint): bigint => u32(value << by) | (value >> (32n - by));
  const word = (at: number): bigint => BigInt(readU32(bytes, at));
  let at = 0;
  let hash = u32(BigInt(seed) + P[4]);
  if (bytes.length >= 16) {
    const lanes = [P[0] + P[1], P[1], 0n, -P[0]].map((start) => u32(BigInt(seed) + start));
    for (; at + 16 <= bytes.length; at += 16) {
      for (const [lane, sum] of lanes.entries()) {
        lanes[lane] = u32(rotated(u32(sum + word(at + 4 * lane) * P[1]), 13n) * P[0]);
      }
    }
    const [a, b, c, d] = lanes as [bigint, bigint, bigint, bigint];
    hash = u32(rotated(a, 1n) + rotated(b, 7n) + rotated(c, 12n) + rotated(d, 18n));
  }
  hash = u32(hash + BigInt(bytes.length));
  for (; at + 4 <= bytes.length; at += 4) {
    hash = u32(rotated(u32(hash + word(at) * P[2]), 17n) * P[3]);
  }
  for (const byte of bytes.subarray(at)) {
    hash = u32(rotated(u32(hash + BigInt(byte) * P[4]), 11n) * P[0]);
  }
  hash = u32((hash ^ (hash >> 15n)) * P[1]);
  hash = u32((hash ^ (hash >> 13n)) * P[2]);
  return Number(hash ^ (hash >> 16n));
}

describe('xxh32', () => {
  test.each([
    ['', 0, 0x02cc5d05],
    ['', 0x9e3779b1, 0x36b78ae7],
    ['a', 0, 0x550d7456],
    ['abc', 0, 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0, 0xe2293b2f],
  ])('gives the published value of %j with seed %i', (text, seed, expected) => {
    expect(xxh32(utf8(text), 0, text.length, seed)).toBe(expected);
  });

  test('is what was published, for every length up to some turns of its loop, wherever it begins', () => {
    const bytes = Uint8Array.from({ length: 160 }, (_, at) => (at * 151 + (at >> 3)) & 0xff);
    for (const offset of [0, 1, 2, 3, 44]) {
      const view = bytes.subarray(offset);
      for (let length = 0; length <= view.length - 5; length++) {
        const seed = Math.imul(length + offset, 0x9e37_79b1) >>> 0;
        const expected = published(view.subarray(5, 5 + length), seed);
        expect(xxh32(view, 5, 5 + length, seed), `${offset}, ${length}`).toBe(expected);
      }
    }
  });

  test('reads only the range it is given', () => {
    const bytes = utf8('xxabcxx');
    expect(xxh32(bytes, 2, 5)).toBe(xxh32(utf8('abc')));
  });
});

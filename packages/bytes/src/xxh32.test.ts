import { describe, expect, test } from 'vitest';
import { xxh32 } from './xxh32.ts';

const utf8 = (text: string): Uint8Array => new Uint8Array([...text].map((c) => c.charCodeAt(0)));

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

  test('reads only the range it is given', () => {
    const bytes = utf8('xxabcxx');
    expect(xxh32(bytes, 2, 5)).toBe(xxh32(utf8('abc')));
  });
});

import { describe, expect, test } from 'vitest';
import { readVarint, VARINT_BYTES_MAX, varintLength, writeVarint } from './varint.ts';

const read = (...bytes: number[]): number => readVarint(Uint8Array.from(bytes), 0, bytes.length);

describe('varint', () => {
  test('every length, up to the last bit of 32, comes back as it was written', () => {
    const bytes = new Uint8Array(VARINT_BYTES_MAX + 1);
    for (let bits = 0; bits <= 32; bits++) {
      for (const value of [2 ** bits - 1, 2 ** bits, 2 ** bits + 1]) {
        if (value > 0xffff_ffff) continue;
        const end = writeVarint(bytes, 1, value);
        expect(end).toBe(1 + varintLength(value));
        expect(readVarint(bytes, 1, end)).toBe(value);
        expect(readVarint(bytes, 1, end - 1)).toBe(-1);
      }
    }
  });

  test.each([
    ['cut short', [0x80]],
    ['longer than its value needs', [0x81, 0x00]],
    ['of more than 32 bits', [0xff, 0xff, 0xff, 0xff, 0x10]],
    ['of six bytes', [0xff, 0xff, 0xff, 0xff, 0x8f, 0x01]],
  ])('one that is %s is refused', (_, bytes) => {
    expect(read(...bytes)).toBe(-1);
  });
});

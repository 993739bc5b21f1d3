import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isVarveError } from '@varve/protocol';
import { bytesCodec, bytesViewCodec, jsonCodec } from './index.ts';

function pathOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    if (isVarveError(error, 'CODEC_REFUSED')) return error.facts['path'];
    throw error;
  }
  throw new Error('was not refused');
}

describe('bytesCodec', () => {
  test('what is decoded belongs to the reader', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const copy = bytesCodec.decode(bytesCodec.encode(bytes));
    bytes.fill(0);
    expect([...copy]).toEqual([1, 2, 3]);
  });

  test.each([
    ['text'],
    [[1, 2]],
    [new Uint16Array(1)],
    [new ArrayBuffer(1)],
    [null],
    [new DataView(new ArrayBuffer(1))],
  ])('refuses %o', (value) => {
    expect(pathOf(() => bytesCodec.encode(value as never))).toBe('$');
  });

  test('a Buffer is bytes like any other', () => {
    expect([...bytesCodec.decode(bytesCodec.encode(Buffer.from('hi')))]).toEqual([104, 105]);
  });
});

describe('bytesViewCodec', () => {
  test('is the same codec, without the copy', () => {
    const bytes = new Uint8Array([1, 2, 3]);
    expect(bytesViewCodec.name).toBe(bytesCodec.name);
    expect(bytesViewCodec.decode(bytes)).toBe(bytes);
    expect(pathOf(() => bytesViewCodec.encode('text' as never))).toBe('$');
  });
});

describe('jsonCodec', () => {
  const codec = jsonCodec();

  test('any JSON value comes back', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const stored = JSON.parse(JSON.stringify(value)) as unknown;
        expect(codec.decode(codec.encode(stored))).toEqual(stored);
      }),
    );
  });

  test.each([
    [{ a: undefined }, '$.a'],
    [[1, Number.NaN], '$[1]'],
    [{ a: [-0] }, '$.a[0]'],
    [new Date(0), '$'],
    [{ m: new Map() }, '$.m'],
    [[, 1], '$'],
    [Object.assign([1], { x: 1 }), '$'],
    [{ toJSON: null }, '$'],
    [1n, '$'],
    [undefined, '$'],
  ])('refuses %o, which JSON would change', (value, path) => {
    expect(pathOf(() => codec.encode(value))).toBe(path);
  });

  test('refuses a cycle', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    expect(pathOf(() => codec.encode(cycle))).toMatch(/^\$\[0\]/);
  });

  test.each([[[]], [[0x7b]], [[0x22, 0xff, 0x22]], [[0xef, 0xbb, 0xbf, 0x31]]])(
    'refuses the bytes %o',
    (bytes) => {
      expect(() => codec.decode(new Uint8Array(bytes))).toThrow(/CODEC_REFUSED/);
    },
  );
});

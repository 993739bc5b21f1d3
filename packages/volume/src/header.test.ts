import fc from 'fast-check';
import { isVarveError } from '@varve/protocol';
import { expect, test } from 'vitest';
import { decodeHeader, encodeHeader, type Header } from './header.ts';

const HEADER: Header = {
  seed: 0xdead_beef,
  chunkBytes: 4_096,
  capacityChunks: 1_000,
  sizeBytes: 123_456,
  origin: { place: 3, checksum: 4, height: 1 },
  references: { place: 5, checksum: 6, height: 2 },
  exceptions: { place: 7, checksum: 8, height: 3, node: 9, nextNode: 10 },
  exceptionCount: 11,
  pool: { extentChunks: 100, usedChunks: 50, nextPhysical: 60 },
  deleteCursor: 17,
  restore: { bit: 63, cursor: 12 },
  snapshots: [
    {
      bit: 63,
      name: 'été 🌞',
      createdAtMs: 1_790_000_000_000,
      lsn: 5,
      sizeBytes: 9,
      isDying: false,
    },
    { bit: 0, name: 'gone', createdAtMs: 0, lsn: 6, sizeBytes: 0, isDying: true },
    { bit: 1, name: 'gone', createdAtMs: 0, lsn: 7, sizeBytes: 0, isDying: false },
  ],
};

test('a header comes back as it was', () => {
  expect(decodeHeader(encodeHeader(HEADER))).toEqual(HEADER);
});

test('a header of which any byte is another decodes, or is refused with a typed error', () => {
  const bytes = encodeHeader(HEADER);
  for (let at = 0; at < bytes.length; at++) {
    for (const byte of [0, 1, 0x7f, 0xff]) {
      const changed = bytes.slice();
      changed[at] = byte;
      try {
        decodeHeader(changed);
      } catch (error) {
        const isTyped =
          isVarveError(error, 'CORRUPT') || isVarveError(error, 'UNSUPPORTED_VERSION');
        expect(isTyped, `${at}: ${error}`).toBe(true);
      }
    }
  }
});

test('a header cut short, or of any bytes, is refused', () => {
  const bytes = encodeHeader(HEADER);
  for (let length = 0; length < bytes.length; length++) {
    expect(() => decodeHeader(bytes.subarray(0, length))).toThrow(/CORRUPT/);
  }
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (any) => {
      expect(() => decodeHeader(any)).toThrow(/CORRUPT/);
    }),
  );
});

test.each([
  ['a chunk size that is no power of two', { chunkBytes: 4_095 }],
  ['more in use than there is', { pool: { extentChunks: 10, usedChunks: 11, nextPhysical: 0 } }],
  ['a pool larger than its capacity', { capacityChunks: 99 }],
  ['a tree without a root', { origin: { place: 0, checksum: 0, height: 1 } }],
  ['a restore of a snapshot that is not there', { restore: { bit: 7, cursor: 0 } }],
])('%s is refused', (_what, wrong) => {
  expect(() => decodeHeader(encodeHeader({ ...HEADER, ...wrong }))).toThrow(/CORRUPT/);
});

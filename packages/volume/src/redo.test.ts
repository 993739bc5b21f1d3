import fc from 'fast-check';
import { isVarveError } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { CURSOR_END, ORIGIN } from './format.ts';
import { decodeRedo, encodeRedo, type Redo, redoBytes } from './redo.ts';

const CHUNK = 512;
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bit = fc.integer({ min: 0, max: 63 });
const view = fc.integer({ min: 0, max: ORIGIN });

const operation: fc.Arbitrary<Redo> = fc.oneof(
  fc.record({
    op: fc.constant('image' as const),
    view,
    chunk: u32,
    physical: u32,
    digest: u32,
    bytes: fc.uint8Array({ minLength: CHUNK, maxLength: CHUNK }),
  }),
  fc.record({
    op: fc.constant('map' as const),
    view,
    chunk: u32,
    physical: u32,
    digests: fc.array(u32, { minLength: 1, maxLength: 8 }),
  }),
  fc.record({ op: fc.constant('unmap' as const), view, chunk: u32, count: u32 }),
  fc.record({ op: fc.constant('share' as const), view, chunk: u32, physical: u32, digest: u32 }),
  fc.record({
    op: fc.constant('snapshot' as const),
    view: bit,
    createdAtMs: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
    name: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  }),
  fc.record({ op: fc.constantFrom('delete' as const, 'restore' as const), view: bit }),
  fc
    .record({
      op: fc.constantFrom('delete-step' as const, 'restore-step' as const),
      view: bit,
      from: u32,
      to: fc.constant(CURSOR_END),
    })
    .filter(({ from, to }) => from < to),
  fc.record({
    op: fc.constant('resize' as const),
    view: fc.constant(ORIGIN),
    sizeBytes: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
  }),
);

function encoded(group: readonly Redo[]): Uint8Array {
  const bytes = new Uint8Array(redoBytes(group));
  encodeRedo(group, bytes, 0);
  return bytes;
}

describe('a record of operations', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 1, maxLength: 6 }), (group) => {
        expect(decodeRedo(encoded(group), CHUNK, 1)).toEqual(group);
      }),
    );
  });

  test('that is cut short, or of any other bytes, is refused as CORRUPT or of another version', () => {
    const refusedOrWhole = (bytes: Uint8Array): void => {
      try {
        const group = decodeRedo(bytes, CHUNK, 1);
        // What is taken is taken whole: it encodes to the very same bytes.
        expect(encoded(group)).toEqual(bytes);
      } catch (error) {
        const isTyped =
          isVarveError(error, 'CORRUPT') || isVarveError(error, 'UNSUPPORTED_VERSION');
        expect(isTyped, String(error)).toBe(true);
      }
    };
    fc.assert(
      fc.property(
        fc.array(operation, { minLength: 1, maxLength: 3 }),
        fc.nat(),
        fc.nat({ max: 255 }),
        (group, place, byte) => {
          const bytes = encoded(group);
          refusedOrWhole(bytes.subarray(0, place % bytes.length));
          bytes[place % Math.min(bytes.length, 40)] = byte;
          refusedOrWhole(bytes);
        },
      ),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), refusedOrWhole));
  });
});

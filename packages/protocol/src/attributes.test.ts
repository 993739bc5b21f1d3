import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ATTRIBUTES_BYTES_MAX,
  attributeBlockBytes,
  findAttribute,
  readAttributes,
  writeAttributeBlock,
} from './attributes.ts';
import {
  AttributeTag,
  newRecordFrame,
  readRecordFrame,
  RecordFlag,
  recordFrameBytes,
  writeRecordHead,
} from './record-frame.ts';

const attributes = fc.uniqueArray(
  fc.record({ tag: fc.nat(0xffff_ffff), value: fc.uint8Array({ maxLength: 40 }) }),
  { selector: ({ tag }) => tag, maxLength: 12 },
);

describe('record attributes', () => {
  test('come back through a record frame, beside an untouched payload', () => {
    fc.assert(
      fc.property(attributes, fc.uint8Array(), (list, payload) => {
        const head = recordFrameBytes(7, payload.length) - payload.length;
        const bytes = new Uint8Array(head + attributeBlockBytes(list) + payload.length);
        const block = writeRecordHead(bytes, 0, 64, 7, payload.length, RecordFlag.Attributes);
        const start = writeAttributeBlock(bytes, block, list);
        bytes.set(payload, start);
        const frame = newRecordFrame();
        expect(readRecordFrame(bytes, 0, bytes.length, frame)).toBe(bytes.length);
        const { attributesStart, attributesEnd } = frame;
        expect(readAttributes(bytes, attributesStart, attributesEnd)).toEqual(list);
        for (const { tag, value } of list) {
          expect(findAttribute(bytes, attributesStart, attributesEnd, tag)).toEqual(value);
        }
        expect(bytes.slice(frame.payloadStart, frame.payloadEnd)).toEqual(payload);
      }),
    );
  });

  test('a tag that nobody knows is passed over', () => {
    const list = [
      { tag: 9_000, value: new Uint8Array([1, 2, 3]) },
      { tag: AttributeTag.IdempotencyKey, value: new Uint8Array([4]) },
    ];
    const bytes = new Uint8Array(attributeBlockBytes(list));
    const end = writeAttributeBlock(bytes, 0, list);
    expect(end).toBe(bytes.length);
    expect(findAttribute(bytes, 1, end, AttributeTag.IdempotencyKey)).toEqual(new Uint8Array([4]));
    expect(findAttribute(bytes, 1, end, AttributeTag.Undo)).toBeUndefined();
  });

  test.each([
    ['the same tag twice', [1, 1]],
    ['a negative tag', [-1]],
    ['a fractional tag', [0.5]],
    ['a tag above 32 bits', [2 ** 32]],
  ])('%s is refused before a byte is written', (_, tags) => {
    const list = tags.map((tag) => ({ tag, value: new Uint8Array(1) }));
    const bytes = new Uint8Array(16);
    expect(() => writeAttributeBlock(bytes, 0, list)).toThrow(/BAD_ARGUMENT/);
    expect(bytes).toEqual(new Uint8Array(16));
  });

  test('a block longer than the limit is refused by the writer and malformed to the reader', () => {
    const fits = [{ tag: 1, value: new Uint8Array(ATTRIBUTES_BYTES_MAX - 3) }];
    const bytes = new Uint8Array(ATTRIBUTES_BYTES_MAX + 100);
    const end = writeAttributeBlock(bytes, 0, fits);
    expect(readAttributes(bytes, 2, end)).toEqual(fits);
    const long = [{ tag: 1, value: new Uint8Array(ATTRIBUTES_BYTES_MAX - 2) }];
    expect(() => attributeBlockBytes(long)).toThrow(/BAD_ARGUMENT/);
    expect(readAttributes(new Uint8Array(5000), 0, ATTRIBUTES_BYTES_MAX + 1)).toBeUndefined();
  });

  test.each([
    ['a tag without a length', [1]],
    ['a value cut short', [1, 2, 9]],
    ['a length of 4 GiB', [1, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['a tag that is too long', [0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0]],
    ['the same tag twice', [1, 0, 1, 0]],
  ])('%s is malformed', (_, bytes) => {
    expect(readAttributes(Uint8Array.from(bytes), 0, bytes.length)).toBeUndefined();
    expect(findAttribute(Uint8Array.from(bytes), 0, bytes.length, 1)).toBeUndefined();
  });

  test('random bytes give attributes inside the range or nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const list = readAttributes(bytes, 0, bytes.length);
        const total = list?.reduce((sum, { value }) => sum + value.length, 0) ?? 0;
        expect(total).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 2000 },
    );
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AppendMessage } from './data-messages.ts';
import {
  ANSWER_ENTRY_BYTES,
  appendEntryBytes,
  readAnswerEntry,
  readAppendEntry,
  writeAnswerEntry,
  writeAppendEntry,
} from './ring-entries.ts';
import { validateToEngine } from './validate.ts';

/** As it comes out of a ring: a copy of its own. */
function entryOf(message: AppendMessage): ArrayBuffer {
  const room = new Uint8Array(7 + appendEntryBytes(message)).fill(0xee);
  writeAppendEntry(room.subarray(7), message);
  return room.slice(7).buffer;
}

const messages: fc.Arbitrary<AppendMessage> = fc
  .record({
    id: fc.maxSafeNat(),
    sizes: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 20 }),
    spare: fc.nat({ max: 9 }),
    durability: fc.constantFrom(undefined, 'strict' as const, 'relaxed' as const),
    expect: fc.option(fc.maxSafeNat(), { nil: undefined }),
  })
  .map(({ id, sizes, spare, durability, expect: expected }) => {
    const isAlone = sizes.length === 1;
    const length = sizes.reduce((sum, size) => sum + size);
    const bytes = new Uint8Array(length + spare).map((_, at) => at);
    return {
      kind: 'append',
      id,
      buffer: bytes.buffer,
      length,
      groups: isAlone ? undefined : Uint32Array.from(sizes),
      durability,
      expect: isAlone ? expected : undefined,
    };
  });

describe('an append in a ring', () => {
  test('comes out as it went in, and passes the checks of a message', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const { buffer, length, ...read } = readAppendEntry(entryOf(message))!;
        const { buffer: sent, length: sentLength, stream, ...rest } = message;
        expect(stream).toBeUndefined();
        expect(read).toEqual(rest);
        expect(length).toBe(sentLength);
        expect(new Uint8Array(buffer, 0, length)).toEqual(new Uint8Array(sent, 0, length));
        expect(validateToEngine({ buffer, length, ...read })).toHaveProperty('value');
      }),
    );
  });

  test('whatever stands there instead, it is none, or what the checks of a message can judge', () => {
    const scribbled = fc
      .tuple(messages, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }))
      .map(([message, marks]) => {
        const bytes = new Uint8Array(entryOf(message));
        // Most of them into the fields behind the frames.
        for (const [at, byte] of marks) bytes[bytes.length - 1 - (at % bytes.length)] = byte;
        return bytes.buffer;
      });
    const noise = fc.uint8Array({ maxLength: 200 }).map((bytes) => bytes.slice().buffer);
    fc.assert(
      fc.property(fc.oneof(scribbled, noise), (entry) => {
        const read = readAppendEntry(entry);
        if (read === undefined) return;
        expect(read.length).toBeLessThanOrEqual(entry.byteLength);
        const judged: object = validateToEngine(read);
        expect('value' in judged || 'wrong' in judged).toBe(true);
      }),
    );
  });

  const entry = entryOf({ kind: 'append', id: 1, buffer: new ArrayBuffer(8), length: 8 });
  test.each([
    ['less than its fields', 27, 8, 1],
    ['more frames than there are bytes', entry.byteLength, 32, 9],
    ['frames past 2^31', entry.byteLength, 32, 2 ** 32 - 1],
    ['groups that are not there', entry.byteLength, 28, 1],
    ['groups past 2^31', entry.byteLength, 28, 2 ** 32 - 1],
    ['a durability that is none', entry.byteLength, 24, 3],
  ])('%s: it is none', (_, size, at, value) => {
    const bytes = entry.slice(0, size);
    if (at + 4 <= size) new DataView(bytes).setUint32(at, value);
    expect(readAppendEntry(bytes)).toBeUndefined();
  });
});

describe('an answer in a ring', () => {
  test('comes out as it went in', () => {
    const numbers = fc.record({
      id: fc.maxSafeNat(),
      firstLsn: fc.maxSafeNat(),
      groups: fc.nat({ max: 2 ** 32 - 1 }),
    });
    fc.assert(
      fc.property(numbers, (facts) => {
        const answer = { kind: 'appended', ...facts } as const;
        const entry = new Uint8Array(ANSWER_ENTRY_BYTES);
        writeAnswerEntry(entry, answer);
        expect(readAnswerEntry(entry)).toEqual(answer);
      }),
    );
  });

  test.each([0, 19, 21])('%i bytes are none', (length) => {
    expect(readAnswerEntry(new Uint8Array(length))).toBeUndefined();
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AppendMessage, ReadMessage } from './data-messages.ts';
import { CHUNK_BYTES_MAX, MESSAGE_BYTES_MAX } from './data-messages.ts';
import { validateControlEnvelope, validateControlRequest, validateToEngine } from './validate.ts';

const append: AppendMessage = { kind: 'append', id: 1, buffer: new ArrayBuffer(64), length: 30 };
const read: ReadMessage = { kind: 'read', id: 1, reader: 1, after: 0, maxBytes: 65_536 };

describe('messages to the engine', () => {
  test.each([
    append,
    { ...append, groups: Uint32Array.of(10, 20) },
    { ...append, expect: 0, durability: 'relaxed' },
    read,
    { ...read, before: 9, reverse: true, visibility: 'written', wait: false },
    { kind: 'unit', id: 1, lsn: 3, at: 0, maxBytes: 1 },
    { kind: 'release', reader: 4 },
  ])('a well-formed message is taken: %#', (message) => {
    expect(validateToEngine(message)).toEqual({ value: message });
  });

  test.each([
    ['no object', 'append', 'not an object'],
    ['an unknown kind', { kind: 'format-disk' }, 'kind'],
    ['a kind from the prototype', { kind: 'toString' }, 'kind'],
    ['no id', { ...append, id: undefined }, 'append: id'],
    ['a negative id', { ...append, id: -1 }, 'append: id'],
    ['bytes that are no buffer', { ...append, buffer: [1, 2, 3] }, 'append: buffer'],
    ['more than the buffer holds', { ...append, length: 65 }, 'append: length'],
    ['nothing', { ...append, length: 0 }, 'append: length'],
    [
      'more than a message may hold',
      { ...append, length: MESSAGE_BYTES_MAX + 1 },
      'append: length',
    ],
    ['groups that do not add up', { ...append, groups: Uint32Array.of(10, 21) }, 'append: groups'],
    ['an empty group', { ...append, groups: Uint32Array.of(30, 0) }, 'append: groups'],
    [
      'compare-and-append of two groups',
      { ...append, groups: Uint32Array.of(10, 20), expect: 1 },
      'append: groups',
    ],
    ['an LSN past 2^53', { ...read, after: 2 ** 53 }, 'read: after'],
    ['a chunk without end', { ...read, maxBytes: CHUNK_BYTES_MAX + 1 }, 'read: maxBytes'],
  ])('%s is refused by name', (_, message, wrong) => {
    expect(validateToEngine(message)).toEqual({ wrong });
  });

  test('whatever arrives, the answer is a value or what is wrong with it', () => {
    fc.assert(
      fc.property(fc.anything(), (message) => {
        for (const validate of [
          validateToEngine,
          validateControlRequest,
          validateControlEnvelope,
        ]) {
          const result: object = validate(message);
          expect('value' in result || 'wrong' in result).toBe(true);
        }
      }),
    );
  });

  test('one wrong field in an otherwise good message is found', () => {
    const fields = ['id', 'reader', 'after', 'maxBytes', 'before', 'reverse', 'visibility', 'wait'];
    const wrong = fc.oneof(fc.constant(null), fc.constant({}), fc.constant(-1), fc.constant('x'));
    fc.assert(
      fc.property(fc.constantFrom(...fields), wrong, (field, value) => {
        expect(validateToEngine({ ...read, [field]: value })).toEqual({ wrong: `read: ${field}` });
      }),
    );
  });
});

describe('control messages', () => {
  const envelope = {
    id: 'a-b',
    type: 'APPLY',
    path: ['call'],
    argumentList: [{ type: 'RAW', value: { method: 'status', args: [] } }],
  };

  test('a call of the one exposed method is let through', () => {
    expect(validateControlEnvelope(envelope)).toEqual({ value: { isRelease: false } });
  });

  test.each([
    ['a property read', { ...envelope, type: 'GET' }],
    ['a property write', { ...envelope, type: 'SET' }],
    ['a constructor', { ...envelope, type: 'CONSTRUCT' }],
    ['another path', { ...envelope, path: ['call', 'constructor'] }],
    ['a transfer handler', { ...envelope, argumentList: [{ type: 'HANDLER', name: 'throw' }] }],
    ['no id', { ...envelope, id: 7 }],
  ])('%s is refused, whatever comlink would do with it', (_, message) => {
    expect(validateControlEnvelope(message)).toHaveProperty('wrong');
  });

  test.each([
    [{ method: 'status', args: [] }, undefined],
    [{ method: 'deleteStore', args: ['my log'] }, undefined],
    [{ method: 'constructor', args: [] }, 'method'],
    [{ method: 'trim', args: [] }, 'trim: arguments'],
    [{ method: 'trim', args: ['1'] }, 'trim: argument 0'],
    [{ method: 'deleteStore', args: [''] }, 'deleteStore: argument 0'],
    [{ method: 'deleteStore', args: ['x'.repeat(101)] }, 'deleteStore: argument 0'],
    [{ method: 'write', args: [1, 'text'] }, 'write: argument 1'],
  ])('%j: wrong is %s', (request, wrong) => {
    expect(validateControlRequest(request)).toEqual(wrong ? { wrong } : { value: request });
  });
});

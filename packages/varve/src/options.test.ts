import { describe, expect, test } from 'vitest';
import { checkAppend, checkName, givenRequest } from './options.ts';
import type { AppendOptions, OpenOptions } from './api.ts';
import { checkAgrees, completeRequest } from '@varve/protocol';

describe('options', () => {
  test.each<[string, unknown]>([
    ['type', { type: 63 }],
    ['type', { type: 256 }],
    ['channel', { channel: 2 ** 32 }],
    ['expect', { expect: -1 }],
    ['durability', { durability: 'none' }],
  ])('a wrong %s of an append is refused by its name', (option, options) => {
    expect(() => checkAppend(options as AppendOptions)).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENT', facts: { option }, outcome: 'not-written' }),
    );
  });

  const detached = new Uint8Array(4);
  structuredClone(detached, { transfer: [detached.buffer] });

  test.each<[string, unknown]>([
    ['a function', (): number => 1],
    ['a symbol', Symbol('key')],
    ['an array with a function in it', [(): number => 1]],
    ['what only looks as if it could be copied', { length: 1, slice: () => () => 1 }],
    ['bytes that were given away', detached],
    ['nothing', ''],
    ['too long', 'x'.repeat(257)],
    ['a number', 7],
    ['null', null],
  ])('a key that is no key, %s, is refused before anything is sent', (_, key) => {
    expect(() => checkAppend({ key } as AppendOptions)).toThrow(
      expect.objectContaining({
        code: 'BAD_ARGUMENT',
        facts: { option: 'key' },
        outcome: 'not-written',
      }),
    );
  });

  test('keys that are some are not refused', () => {
    for (const key of ['order 7', new Uint8Array(256), Buffer.from('order 7'), undefined]) {
      checkAppend(key === undefined ? {} : { key });
    }
  });

  test.each(['', 'x'.repeat(101), 7, undefined])('the name %j is refused', (name) => {
    expect(() => checkName(name)).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENT', facts: { option: 'name' } }),
    );
  });

  test.each<unknown>([5, 'ring', {}, null])(
    'a transport that is no function (%j) is refused',
    (transport) => {
      expect(() => givenRequest({ transport } as OpenOptions)).toThrow(
        expect.objectContaining({ code: 'BAD_ARGUMENT', facts: { option: 'transport' } }),
      );
    },
  );

  test('opening again may repeat options or leave them out, not change them', () => {
    const open = completeRequest(givenRequest({ durability: 'relaxed', keep: { records: 5 } }));
    checkAgrees(open, givenRequest({}));
    checkAgrees(open, givenRequest({ keep: { records: 5 } }));
    expect(() => checkAgrees(open, givenRequest({ durability: 'strict' }))).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENT', facts: { option: 'durability' } }),
    );
  });
});

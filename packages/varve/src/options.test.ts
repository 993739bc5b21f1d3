import { describe, expect, test } from 'vitest';
import { checkAppend, checkName, checkSame, givenRequest, toRequest } from './options.ts';
import type { AppendOptions, OpenOptions } from './api.ts';

describe('options', () => {
  test.each<[string, unknown]>([
    ['durability', { durability: 'eventual' }],
    ['create', { create: 1 }],
    ['fallback', { fallback: 'disk' }],
    ['alignmentBytes', { alignmentBytes: 512 }],
    ['segmentSizeBytes', { segmentSizeBytes: 5000 }],
    ['segmentSizeBytes', { segmentSizeBytes: 2 ** 27 }],
    ['maxBytes', { maxBytes: 1 }],
    ['maxStateBytes', { maxStateBytes: 0 }],
    ['queueBytes', { queueBytes: NaN }],
    ['relaxed.ms', { relaxed: { ms: -1 } }],
    ['busyTimeoutMs', { busyTimeoutMs: 'soon' }],
    ['checkpoint.everyBytes', { checkpoint: { everyBytes: 0.5, state: () => ({}) } }],
    ['options', null],
    ['keep', { keep: 'forever' }],
    ['keep', { keep: null }],
    ['keep.bytes', { keep: { bytes: 0 } }],
    ['keep.records', { keep: {} }],
  ])('a wrong %s is refused by its name', (option, options) => {
    const open = (): unknown => toRequest(givenRequest(options as OpenOptions));
    expect(open).toThrow(expect.objectContaining({ code: 'BAD_ARGUMENT', facts: { option } }));
  });

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

  test.each(['', 'x'.repeat(101), 7, undefined])('the name %j is refused', (name) => {
    expect(() => checkName(name)).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENT', facts: { option: 'name' } }),
    );
  });

  test('opening again may repeat options or leave them out, not change them', () => {
    const open = toRequest(givenRequest({ durability: 'relaxed', keep: { records: 5 } }));
    checkSame(open, givenRequest({}));
    checkSame(open, givenRequest({ keep: { records: 5 } }));
    expect(() => checkSame(open, givenRequest({ durability: 'strict' }))).toThrow(
      expect.objectContaining({ code: 'BAD_ARGUMENT', facts: { option: 'durability' } }),
    );
  });
});

import { describe, expect, test } from 'vitest';
import { copyOf } from './message-copy.ts';

const buffer = Uint8Array.from([1, 2, 3, 4]).buffer;

describe('a message that is copied', () => {
  test.each([
    [undefined],
    [null],
    [7],
    ['text'],
    [2n ** 60n],
    [{ kind: 'lead', epoch: 2 ** 60, given: {}, members: ['a', { n: 1 }], expect: undefined }],
    [[undefined, [], [null]]],
    [{ buffer, view: new Uint8Array(buffer, 1, 2), lengths: Uint32Array.of(5, 6) }],
    [{ error: new RangeError('far') }],
    [new Map([['a', { b: [1] }]])],
    [[new Date(5)]],
  ])('is what the platform makes of it: %o', (message) => {
    expect(copyOf(message)).toStrictEqual(structuredClone(message));
  });

  test.each([{ more: {} }, { more: { bytes: new Uint8Array(2) } }])(
    'shares nothing with its sender, who may go on changing it: %o',
    ({ more }) => {
      const message = { body: { runs: [{ count: 1 }] }, more };
      const before = structuredClone(message);
      const copy = copyOf(message);
      message.body.runs[0]!.count = 2;
      message.body.runs.push({ count: 3 });
      message.more.bytes?.fill(9);
      expect(copy).toStrictEqual(before);
    },
  );

  test('takes what is given away from its sender', () => {
    const given = new ArrayBuffer(8);
    expect(copyOf({ given }, [given])).toEqual({ given: new ArrayBuffer(8) });
    expect(given.byteLength).toBe(0);
  });

  test.each([[() => 1], [{ deep: [{ call: () => 1 }] }], [[Symbol('s')]]])(
    'is refused where the platform refuses it: %o',
    (message) => {
      expect(() => copyOf(message)).toThrow('could not be cloned');
    },
  );
});

import { describe, expect, test } from 'vitest';
import { VarveError } from './errors.ts';
import { asVarveError, fromWire, toWire } from './wire-error.ts';

const overTheWire = (error: unknown): Error => fromWire(structuredClone(toWire(error)));

describe('errors between threads', () => {
  test('code, facts, outcome, stack and the chain of causes survive', () => {
    const root = new TypeError('at the root');
    const middle = new VarveError('IO_ERROR', 'in the middle', { cause: root, facts: { at: 7 } });
    const sent = new VarveError('POISONED', 'on top', { cause: middle, outcome: 'unknown' });
    const got = overTheWire(sent) as VarveError;
    expect(got).toBeInstanceOf(VarveError);
    expect(got).toMatchObject({ code: 'POISONED', message: sent.message, outcome: 'unknown' });
    expect(got.stack).toBe(sent.stack);
    expect(got.cause).toBeInstanceOf(VarveError);
    expect(got.cause).toMatchObject({ code: 'IO_ERROR', facts: { at: 7 } });
    expect((got.cause as Error).cause).toMatchObject({ name: 'TypeError', message: 'at the root' });
  });

  test('a ring of causes is cut instead of never ending', () => {
    const error = new Error('ring');
    error.cause = error;
    expect(overTheWire(error)).toMatchObject({ message: 'ring' });
  });

  test.each([undefined, null, 'text', 42, { strange: true }, Symbol('s')])(
    'anything thrown (%s) arrives as an error',
    (thrown) => {
      expect(overTheWire(thrown)).toBeInstanceOf(Error);
    },
  );

  test('an error without a message of its own gets the sentence of its code', () => {
    expect(overTheWire(new VarveError('CLOSED')).message).toBe('CLOSED: The store was closed.');
  });

  test('what is not ours becomes IO_ERROR with its cause', () => {
    const cause = new RangeError('no');
    expect(asVarveError(cause)).toMatchObject({ code: 'IO_ERROR', cause });
  });
});

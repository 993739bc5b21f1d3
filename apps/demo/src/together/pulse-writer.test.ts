import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Pulse } from '../logbook/entries.ts';
import { PulseWriter } from './pulse-writer.ts';

class Refusal extends Error {
  readonly code: string;
  readonly outcome: string;

  constructor(code: string, outcome: string) {
    super(code);
    this.code = code;
    this.outcome = outcome;
  }
}

/** The appends in turn fail as `plan` says; all later ones succeed. */
function written(plan: readonly (Error | undefined)[]): { writer: PulseWriter; there: Pulse[] } {
  const there: Pulse[] = [];
  let at = 0;
  const log = {
    append: async (value: Pulse) => {
      const error = plan[at];
      at += 1;
      if (error !== undefined) throw error;
      there.push(value);
      return there.length;
    },
  };
  return { writer: new PulseWriter('a', { open: async () => log as never }), there };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('an append that was refused is asked for again under its number', async () => {
  const { writer, there } = written([undefined, new Refusal('CLOSED', 'not-written')]);
  writer.start();
  await vi.advanceTimersByTimeAsync(1_000);
  writer.stop();
  expect(there.slice(0, 3).map(({ number, unsure }) => [number, unsure])).toEqual([
    [1, []],
    [2, []],
    [3, []],
  ]);
});

test('a number whose outcome nobody knows is never repeated, and named until a record is acknowledged', async () => {
  const died = new Refusal('WORKER_DIED', 'unknown');
  const { writer, there } = written([undefined, died, died]);
  writer.start();
  await vi.advanceTimersByTimeAsync(1_000);
  writer.stop();
  expect(there.slice(0, 3).map(({ number, unsure }) => [number, unsure])).toEqual([
    [1, []],
    [4, [2, 3]],
    [5, []],
  ]);
});

test('a full disk ends the writing', async () => {
  const { writer, there } = written([undefined, new Refusal('QUOTA_EXCEEDED', 'not-written')]);
  writer.start();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(writer.isWriting).toBe(false);
  expect(there).toHaveLength(1);
  expect(writer.failure).toMatchObject({ code: 'QUOTA_EXCEEDED' });
});

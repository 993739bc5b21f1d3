import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { inTime } from './in-time.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('what answers in time is believed, and leaves no timer behind', async () => {
  expect(await inTime(() => Promise.resolve('yes'), 1_000, null)).toBe('yes');
  expect(await inTime(() => Promise.resolve(false), 1_000, null)).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});

test('a browser that never says how much is stored does not keep a store from opening', async () => {
  let answer: unknown = 'none yet';
  void inTime(() => new Promise(() => undefined), 1_000, null).then((it) => (answer = it));
  await vi.advanceTimersByTimeAsync(999);
  expect(answer).toBe('none yet');
  await vi.advanceTimersByTimeAsync(1);
  expect(answer).toBeNull();
});

test.each<[string, () => Promise<string> | undefined]>([
  ['rejects', () => Promise.reject(new Error('no'))],
  [
    'throws',
    () => {
      throw new TypeError('no such function');
    },
  ],
  ['is not there', () => undefined],
])('what %s is answered for at once', async (_, ask) => {
  expect(await inTime(ask, 1_000, 'unknown')).toBe('unknown');
  expect(vi.getTimerCount()).toBe(0);
});

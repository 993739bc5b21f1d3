/** Calls that are never answered: each ends in its own time, though one timer serves all. */
import { VarveError } from '@varve/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { newCalls } from './calls.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const never = (): void => undefined;

describe('calls', () => {
  test('end when their own deadline has passed, whichever was made first', async () => {
    const calls = newCalls(1_000);
    const ended: string[] = [];
    const follow = (name: string, deadlineMs?: number): void =>
      void calls.run(never, deadlineMs).catch((error: VarveError) => {
        ended.push(`${name} ${error.code} ${String(error.facts['deadlineMs'])}`);
      });
    follow('usual');
    follow('short', 100);
    await vi.advanceTimersByTimeAsync(50);
    follow('shorter', 20);
    await vi.advanceTimersByTimeAsync(21);
    expect(ended).toEqual(['shorter TIMEOUT 20']);
    await vi.advanceTimersByTimeAsync(30);
    expect(ended.slice(1)).toEqual(['short TIMEOUT 100']);
    await vi.advanceTimersByTimeAsync(897);
    expect(ended).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(3);
    expect(ended.slice(2)).toEqual(['usual TIMEOUT 1000']);
  });

  test('made after the timer of an answered one run into their own deadline', async () => {
    const calls = newCalls(1_000);
    await calls.run((resolve) => resolve(1));
    await vi.advanceTimersByTimeAsync(900);
    let code: string | undefined;
    calls.run(never).catch((error: VarveError) => (code = error.code));
    await vi.advanceTimersByTimeAsync(990);
    expect(code).toBeUndefined();
    await vi.advanceTimersByTimeAsync(20);
    expect(code).toBe('TIMEOUT');
  });

  test.each([Infinity, 2 ** 40])(
    'with %d ms wait, without asking all the time',
    async (deadlineMs) => {
      const calls = newCalls(deadlineMs);
      const call = calls.run(never);
      call.catch(never);
      const asked = vi.spyOn(globalThis, 'setTimeout');
      await vi.advanceTimersByTimeAsync(3_600_000);
      expect(asked.mock.calls.length).toBeLessThan(2);
      calls.end(new VarveError('WORKER_DIED'));
      await expect(call).rejects.toMatchObject({ code: 'WORKER_DIED' });
    },
  );

  test('when the engine has ended nothing waits, and no timer is left', async () => {
    const calls = newCalls(1_000);
    const call = calls.run(never);
    calls.end(new VarveError('WORKER_DIED'));
    await expect(call).rejects.toMatchObject({ code: 'WORKER_DIED' });
    await expect(calls.run(never)).rejects.toMatchObject({ code: 'WORKER_DIED' });
    expect(vi.getTimerCount()).toBe(0);
  });
});

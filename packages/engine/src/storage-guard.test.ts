import { SimulatedDisk } from '@varve/files/simulated';
import { VarveError } from '@varve/protocol';
import type { StorageAsks } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { StorageGuard } from './storage-guard.ts';

const never = (): Promise<never> => new Promise(() => undefined);
const answers = (): undefined => undefined;
const refuses = (): Promise<never> => Promise.reject(new Error('no'));

/** Everything answers but what is given; `wait` lets the simulated time pass. */
function guarded(asks: StorageAsks = {}, startAsks: StorageAsks = {}) {
  const disk = new SimulatedDisk({ seed: 1, profile: 'power' });
  const { clock, timers } = disk.host();
  const time = {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    after: timers.after.bind(timers),
  };
  const asked: string[] = [];
  const all = Object.fromEntries(
    Object.entries({ opfs: answers, 'indexed-db': answers, ...asks }).map(([part, ask]) => [
      part,
      () => {
        asked.push(part);
        return ask();
      },
    ]),
  );
  const start = { opfs: answers, 'web-locks': answers, ...startAsks };
  const guard = new StorageGuard(time, all, start);
  return { guard, asked, after: time.after, wait: (ms: number) => disk.advanceAsync(ms) };
}

/** What became of a promise so far. */
function follow(promise: Promise<unknown>): { became?: unknown } {
  const followed: { became?: unknown } = {};
  promise.then(
    (value) => (followed.became = value),
    (error: unknown) => (followed.became = error),
  );
  return followed;
}

const silent = (part: string) => ({
  code: 'STORAGE_DENIED',
  facts: { part, reason: 'no-answer' },
});

describe('an open', () => {
  test('that goes well asks for nothing', async () => {
    const { guard, asked, wait } = guarded();
    const opened = follow(guard.watch(Promise.resolve('store')));
    await wait(1000);
    expect(opened.became).toBe('store');
    expect(asked).toEqual([]);
  });

  test('that waits for a silent part is told after patience', async () => {
    const { guard, wait } = guarded({ 'indexed-db': never });
    const opened = follow(guard.watch(never()));
    await wait(5900);
    expect(opened.became).toBeUndefined();
    await wait(300);
    expect(opened.became).toMatchObject(silent('indexed-db'));
  });

  test('that takes long where every part answers is waited for', async () => {
    const { guard, wait } = guarded();
    const opened = follow(guard.watch(never()));
    await wait(20_000);
    expect(opened.became).toBeUndefined();
  });

  test('that comes after it was given up is given back, and one in time is not', async () => {
    const { guard, after, wait } = guarded({ 'indexed-db': never });
    let finish = (_store: string): void => undefined;
    const given: string[] = [];
    const late = new Promise<string>((resolve) => (finish = resolve));
    const opened = follow(guard.watch(late, (store) => given.push(store)));
    // While its parts are being asked.
    const soon = new Promise<string>((resolve) => after(1200, () => resolve('in time')));
    const inTime = follow(guard.watch(soon, (store) => given.push(store)));
    await wait(6200);
    expect(opened.became).toMatchObject(silent('indexed-db'));
    finish('late');
    await wait(0);
    expect(given).toEqual(['late']);
    expect(inTime.became).toBe('in time');
  });
});

describe('the start', () => {
  test('without locks is refused by name, and asked anew at the next open', async () => {
    let hold = never as () => unknown;
    const { guard, wait } = guarded({}, { 'web-locks': () => hold() });
    const first = follow(guard.started());
    await wait(5200);
    expect(first.became).toMatchObject(silent('web-locks'));
    hold = answers;
    const second = follow(guard.started().then(() => 'there'));
    await wait(0);
    expect(second.became).toBe('there');
  });
});

describe('what made something fail', () => {
  test('is the part that is refused, if one is', async () => {
    const { guard, wait } = guarded({ opfs: refuses });
    const named = follow(guard.refusal(new Error('something')));
    await wait(0);
    expect(named.became).toMatchObject({ code: 'STORAGE_DENIED', facts: { part: 'opfs' } });
  });

  test('is no refusal where every part answers, or the error speaks for itself', async () => {
    const { guard, asked, wait } = guarded();
    const other = follow(guard.refusal(new Error('something')).then((it) => it ?? 'none'));
    await wait(0);
    expect(other.became).toBe('none');
    asked.length = 0;
    const busy = new VarveError('STORE_BUSY');
    expect(await guard.refusal(busy)).toBeUndefined();
    const named = new VarveError('STORAGE_DENIED', '', { facts: { part: 'opfs' } });
    expect(await guard.refusal(named)).toBe(named);
    expect(asked).toEqual([]);
  });
});

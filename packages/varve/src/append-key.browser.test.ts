/** `append(value, { key })` where the leader's worker is killed in the middle of it. */
import { afterEach, describe, expect, test } from 'vitest';
import { openLog } from './index.ts';
import type { Log, OpenLogOptions } from './index.ts';

let names = 0;
const freshName = (): string => `key-${Date.now()}-${names++}`;
const opened: Log<unknown>[] = [];

/** As another tab would: what this page has open is not found. */
async function openAnother<T>(name: string, options: OpenLogOptions<T> = {}): Promise<Log<T>> {
  (globalThis as { [key: symbol]: Map<string, unknown> })[Symbol.for('varve.open-stores')]?.clear();
  const log = await openLog<T>(name, options);
  opened.push(log as Log<unknown>);
  return log;
}

async function values<T>(log: Log<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const { value } of log.read()) all.push(value);
  return all;
}

afterEach(async () => {
  await Promise.allSettled(opened.splice(0).map((log) => log.close()));
});

describe('a key whose first append was under way when the leader’s worker was killed', () => {
  test.each(['journal:before-write', 'journal:written-not-flushed', 'journal:flushed-not-acked'])(
    'at %s stands once, whoever asks again, and how often',
    async (point) => {
      const name = freshName();
      const worker = new Worker(new URL('../../engine/src/worker-crashtest.ts', import.meta.url), {
        type: 'module',
        name: 'crashtest',
      });
      const leader = await openAnother<string>(name, { worker: () => worker });
      const follower = await openAnother<string>(name);
      expect([leader.status().role, follower.status().role]).toEqual(['leader', 'follower']);
      await follower.append('before');
      const parked = new Promise((resolve) => (worker.onmessage = resolve));
      worker.postMessage({ kind: 'varve:park', point });
      const first = leader.append('once', { key: 'order 7' });
      await parked;
      const second = follower.append('once', { key: 'order 7' });
      worker.terminate();
      await expect(first).rejects.toMatchObject({ code: 'WORKER_DIED', outcome: 'unknown' });
      const lsn = await second;
      expect(lsn).toBe(2);
      const reborn = await openAnother<string>(name);
      const again = [reborn, follower, reborn].map((log) => log.append('once', { key: 'order 7' }));
      expect(await Promise.all(again)).toEqual([lsn, lsn, lsn]);
      await expect(reborn.append('other', { key: 'order 7' })).rejects.toMatchObject({
        code: 'KEY_REUSED',
        outcome: 'not-written',
        facts: { lsn },
      });
      expect(await values(reborn)).toEqual(['before', 'once']);
    },
  );
});

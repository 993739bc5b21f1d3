/** Links that go by port: two engines of one page, as two tabs would have them. */
import { afterEach, expect, test } from 'vitest';
import { bytesCodec } from './codec/index.ts';
import { openLog } from './index.ts';
import type { Log, OpenLogOptions } from './index.ts';
import { ports } from './ports.ts';
import { deleteStore } from './stores.ts';

let names = 0;
const freshName = (): string => `ports-${Date.now()}-${names++}`;
const opened: Log<Uint8Array>[] = [];

/** As another tab would: what this page has open is not found. */
async function open(
  name: string,
  options: OpenLogOptions<Uint8Array> = {},
): Promise<Log<Uint8Array>> {
  (globalThis as { [key: symbol]: Map<string, unknown> })[Symbol.for('varve.open-stores')]?.clear();
  const log = await openLog(name, { codec: bytesCodec, transport: ports(), ...options });
  opened.push(log);
  return log;
}

afterEach(async () => {
  const names = new Set(opened.map(({ name }) => name));
  await Promise.allSettled(opened.splice(0).map((log) => log.close()));
  for (const name of names) await deleteStore(name);
});

test('a follower’s link goes by port, and appends by it', async () => {
  const name = freshName();
  const leader = await open(name);
  const follower = await open(name);
  expect(follower.status().role).toBe('follower');
  await expect.poll(async () => (await follower.refreshStatus()).link).toBe('port');
  for (let lsn = 1; lsn <= 50; lsn++) {
    expect(await follower.append(new Uint8Array([lsn]))).toBe(lsn);
  }
  expect(await leader.append(new Uint8Array([51]))).toBe(51);
  expect((await follower.get(51))?.value).toEqual(new Uint8Array([51]));
});

import { afterEach, describe, expect, test } from 'vitest';
import { openLog } from './index.ts';
import type { Log } from './index.ts';
import { deleteStore, importStore, listStores } from './stores.ts';

let names = 0;
const freshName = (): string => `t-${Date.now()}-${names++}`;
const opened: Log<unknown>[] = [];

async function open<T>(name: string, options = {}): Promise<Log<T>> {
  const log = await openLog<T>(name, options);
  opened.push(log as Log<unknown>);
  return log;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((log) => log.close()));
});

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('a log in a page', () => {
  test('what was appended is there after closing and opening again', async () => {
    const name = freshName();
    const first = await open<unknown>(name);
    const values = ['text', { map: new Map([[1, 2n]]) }, new Uint8Array([1, 2])];
    const lsns = await Promise.all(values.map((value) => first.append(value)));
    expect(lsns).toEqual([1, 2, 3]);
    expect(first.status()).toMatchObject({ mode: 'opfs', state: 'open', durableLsn: 3 });
    await first.close();
    const second = await open(name);
    expect((await collect(second.read())).map(({ value }) => value)).toEqual(values);
    expect(second.status().recovery).toMatchObject({ clean: true, lastLsn: 3 });
  });

  test('listed, exported, imported under another name, deleted', async () => {
    const name = freshName();
    const log = await open<number>(name);
    await log.appendBatch([1, 2, 3]);
    const copy = `${name}-copy`;
    await importStore(copy, log.export());
    expect((await collect((await open<number>(copy)).read())).map((entry) => entry.value)).toEqual([
      1, 2, 3,
    ]);
    await expect(deleteStore(name)).rejects.toMatchObject({ code: 'STORE_BUSY' });
    await log.close();
    await deleteStore(name);
    const left = (await listStores()).map((store) => store.name);
    expect(left).toContain(copy);
    expect(left).not.toContain(name);
  });
});

/** Group commit, relaxed durability, idle work, retention: counted on the simulated disk. */
import type { Directory } from '@varve/files';
import { SimulatedDisk } from '@varve/files/simulated';
import { describe, expect, test } from 'vitest';
import { frame, readAll, shown } from '../conformance/records.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';
import type { StoreOptions } from './store-port.ts';

const SMALL: Partial<StoreOptions> = { segmentSizeBytes: 65_536, maxStateBytes: 1_024 };

async function open(
  options: Partial<StoreOptions> = {},
): Promise<{ disk: SimulatedDisk; store: Store }> {
  const disk = new SimulatedDisk({ seed: 2, record: false });
  const store = await openStore(disk.host(), 's', { ...SMALL, ...options });
  return { disk, store };
}

function boundDirectory(inner: Directory): Directory {
  return {
    openFile: (name, options) => inner.openFile(name, options),
    hasFile: (name) => inner.hasFile(name),
    removeFile: (name) => inner.removeFile(name),
    directory: (name, options) => inner.directory(name, options),
    removeDirectory: (name) => inner.removeDirectory(name),
    list: () => inner.list(),
  };
}

const flushes = (store: Store): number => store.status().commits.flushes;

describe('what a commit tells', () => {
  test('is up to where everything is durable', async () => {
    const { store } = await open();
    const told: number[] = [];
    store.onEvent = (event) => {
      if (event.type === 'durable') told.push(event.lsn);
    };
    await store.append({ frames: frame('one') });
    await store.append({ frames: frame('two') });
    expect(told).toEqual([1, 2]);
  });

  test('when the look for the files fails: what was looked for, and why not', async () => {
    const disk = new SimulatedDisk({ seed: 2, record: false });
    const host = disk.host();
    let fails = false;
    const root: Directory = {
      ...boundDirectory(host.root),
      async directory(name, options) {
        const child = await host.root.directory(name, options);
        if (child === undefined) return undefined;
        return {
          ...boundDirectory(child),
          hasFile: async (file) => {
            if (fails) throw new Error('made up');
            return child.hasFile(file);
          },
        };
      },
    };
    const store = await openStore({ ...host, root }, 's', SMALL);
    await store.append({ frames: frame('one') });
    fails = true;
    await disk.advanceAsync(300);
    await expect(store.append({ frames: frame('two') })).rejects.toMatchObject({
      code: 'IO_ERROR',
      message: 'IO_ERROR: looking for the store’s files failed',
      cause: { message: 'made up' },
      outcome: 'unknown',
    });
  });
});

describe('group commit', () => {
  test('64 appenders share one flush; each is told its own LSN', async () => {
    const { store } = await open();
    await store.append({ frames: frame('first') });
    const before = flushes(store);
    const all = await Promise.all(
      Array.from({ length: 64 }, (_, i) => store.append({ frames: frame(`n${i}`) })),
    );
    expect(all.map(({ firstLsn }) => firstLsn)).toEqual(
      Array.from({ length: 64 }, (_, i) => i + 2),
    );
    expect(flushes(store) - before).toBe(1);
    expect(store.status().commits.lastGroupRecords).toBe(64);
  });

  test('an append costs one write and one flush of the device, a clean flush none', async () => {
    const { disk, store } = await open();
    await store.append({ frames: frame('first') });
    const before = disk.opCount;
    await store.append({ frames: frame('second') });
    expect(disk.opCount - before).toBe(2);
    await store.flush();
    expect(disk.opCount - before).toBe(2);
  });

  test('nobody is told before the flush: at each device operation what was acknowledged is durable', async () => {
    const disk = new SimulatedDisk({ seed: 4, record: false });
    const store = await openStore(disk.host(), 's', SMALL);
    await disk.advanceAsync(61_000);
    for (let index = 1; index <= 20; index++) {
      const { firstLsn } = await store.append({ frames: frame(`n${index}`) });
      const cut = await openStore(disk.powerCut('none').host(), 's', SMALL);
      expect(cut.status().lastLsn).toBe(firstLsn);
      cut.abandon();
    }
  });
});

describe('relaxed', () => {
  test('resolves when written, without a flush, with the LSN at once; a flush follows within the bound', async () => {
    const { disk, store } = await open({ durability: 'relaxed', relaxedMs: 500 });
    await store.flush();
    const before = flushes(store);
    const { firstLsn } = await store.append({ frames: frame('one') });
    expect([firstLsn, flushes(store) - before, store.status().durableLsn]).toEqual([1, 0, 0]);
    expect(readAll(store)).toEqual([shown(1, 'one')]);
    expect(store.readChunk({ after: 0, visibility: 'durable', maxBytes: 1 }).runs).toEqual([]);
    await disk.advanceAsync(501);
    expect([flushes(store) - before, store.status().durableLsn]).toEqual([1, 1]);
  });

  test('a strict append among relaxed ones makes them all durable', async () => {
    const { store } = await open({ durability: 'relaxed' });
    await store.append({ frames: frame('one') });
    await store.append({ frames: frame('two'), durability: 'strict' });
    expect(store.status().durableLsn).toBe(2);
  });

  test('past the bytes that may be unflushed the next append flushes', async () => {
    const { store } = await open({ durability: 'relaxed', relaxedBytes: 10_000, relaxedMs: 1e9 });
    for (let index = 0; index < 30; index++) await store.append({ frames: frame('bulk', 1_000) });
    const { durableLsn, lastLsn } = store.status();
    expect(lastLsn - durableLsn).toBeLessThanOrEqual(10);
    expect(durableLsn).toBeGreaterThan(0);
  });
});

describe('idle', () => {
  test('a mark proves the last batch: after a kill nothing has to be written again', async () => {
    const { disk, store } = await open();
    await store.append({ frames: frame('one') });
    await disk.advanceAsync(10);
    store.abandon();
    const again = await openStore(disk.host(), 's', SMALL);
    expect(again.status().recovery).toMatchObject({ rewrittenRecords: 0, lastLsn: 1 });
  });

  test('without the mark the last group is written again before it is served', async () => {
    const { disk, store } = await open();
    await store.append({ frames: frame('one') });
    store.abandon();
    const again = await openStore(disk.host(), 's', SMALL);
    expect(again.status().recovery).toMatchObject({ rewrittenRecords: 1, lastLsn: 1 });
    expect(readAll(again)).toEqual([shown(1, 'one')]);
  });

  test('the next slot is made ahead, in slices, and counted by a superblock', async () => {
    const { disk, store } = await open();
    const { segments } = store.status();
    await store.append({ frames: frame('one') });
    await disk.advanceAsync(1_000);
    expect(store.status().segments.spare).toBe(segments.spare + 1);
    const before = store.status().fileBytes;
    for (let index = 0; index < 70; index++) await store.append({ frames: frame('fill', 1_000) });
    expect(store.status().segments.live).toBe(2);
    expect(store.status().fileBytes).toBe(before);
  });
});

describe('retention', () => {
  const fill = async (store: Store, records: number): Promise<void> => {
    for (let index = 0; index < records; index++)
      await store.append({ frames: frame('fill', 1_000) });
  };

  test('keep records: at least so many stay, and the file stops growing', async () => {
    const { store } = await open({ keep: { records: 100 }, maxBytes: 131_072 + 8 * 65_536 });
    await fill(store, 1_500);
    const { firstLsn, lastLsn } = store.status();
    expect(lastLsn - firstLsn + 1).toBeGreaterThanOrEqual(100);
    expect(store.status().segments.total).toBeLessThanOrEqual(8);
  });

  test('keep bytes: at least so many stay', async () => {
    const { store } = await open({ keep: { bytes: 150_000 }, maxBytes: 131_072 + 10 * 65_536 });
    await fill(store, 1_500);
    const { firstLsn, lastLsn } = store.status();
    expect((lastLsn - firstLsn + 1) * 1_000).toBeGreaterThanOrEqual(150_000);
    expect(store.status().segments.total).toBeLessThanOrEqual(10);
  });

  test('a reader holds history back within its budget, not beyond', async () => {
    const within = await open({ keep: 'checkpoint', readerHoldBytes: 1e9 });
    const beyond = await open({ keep: 'checkpoint', readerHoldBytes: 65_536 });
    for (const { store } of [within, beyond]) {
      await fill(store, 10);
      store.holdHistory(0);
      await fill(store, 400);
      for (let twice = 0; twice < 2; twice++) await store.checkpoint(new Uint8Array(1), 400);
      expect(store.status().holders).toBe(1);
    }
    expect(within.store.status().segments.live).toBeGreaterThan(5);
    expect(beyond.store.status().segments.live).toBeLessThan(3);
  });

  test('the index stays sparse: one place for each 64 KiB or so', async () => {
    const { store } = await open({ segmentSizeBytes: 1_048_576 });
    await fill(store, 3_000);
    const entries = store.openedJournal!.recovered.table.live().map(({ index }) => index.length);
    expect(entries.reduce((sum, count) => sum + count, 0)).toBeLessThan(60);
  });
});

describe('a queue past its bound', () => {
  test('makes append flush at once and tryAppend say no', async () => {
    const { store } = await open({
      durability: 'relaxed',
      queueBytes: 5_000,
      relaxedBytes: 1e9,
      relaxedMs: 1e9,
    });
    await store.append({ frames: frame('bulk', 6_000) });
    expect(store.tryAppend({ frames: frame('no') })).toBeUndefined();
    await store.append({ frames: frame('waits') });
    expect(store.status().queue.stalls).toBe(1);
  });
});

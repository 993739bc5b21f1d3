/** What a store does when its platform fails, on the simulated disk. */
import type { Directory } from '@varve/files';
import { SimulatedDisk } from '@varve/files/simulated';
import type { StoreEvent } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { frame, readAll, shown } from '../conformance/records.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';
import type { StoreOptions, UnitWriter } from './store-port.ts';

const SMALL: Partial<StoreOptions> = { segmentSizeBytes: 4_096, maxStateBytes: 1_024 };

async function open(
  disk: SimulatedDisk,
  options: Partial<StoreOptions> = {},
): Promise<{ store: Store; events: StoreEvent[] }> {
  const events: StoreEvent[] = [];
  const store = await openStore(disk.host(), 's', { ...SMALL, ...options }, (event) =>
    events.push(event),
  );
  return { store, events };
}

const types = (events: readonly StoreEvent[]): string[] => events.map(({ type }) => type);

describe('a flush that fails', () => {
  test('ends the generation: the append is unknown, the store reopens itself and goes on', async () => {
    const disk = new SimulatedDisk({ seed: 5, profile: 'fsync-fail-keep' });
    const { store, events } = await open(disk);
    await store.append({ frames: frame('one') });
    const { generation } = store.status();
    disk.inject({ on: 'flush', effect: { throws: 'io' } });
    await expect(store.append({ frames: frame('two') })).rejects.toMatchObject({
      code: 'IO_ERROR',
      outcome: 'unknown',
    });
    const next = await store.append({ frames: frame('three') });
    expect(store.status().generation).toBeGreaterThan(generation);
    expect(types(events)).toEqual(expect.arrayContaining(['poisoned', 'reopened']));
    // The cache kept the failed bytes, so the record was found, written again and flushed.
    expect(next.firstLsn).toBe(3);
    expect(readAll(store)).toEqual([shown(1, 'one'), shown(2, 'two'), shown(3, 'three')]);
  });

  test('a stream that begins while the store reopens itself waits, as an append does', async () => {
    const disk = new SimulatedDisk({ seed: 5 });
    const begun: Promise<UnitWriter>[] = [];
    const store = await openStore(disk.host(), 's', SMALL, ({ type }) => {
      if (type === 'poisoned') begun.push(store.openUnit());
    });
    disk.inject({ on: 'flush', effect: { throws: 'io' } });
    await expect(store.append({ frames: frame('one') })).rejects.toThrow(/IO_ERROR/);
    const stream = await begun[0]!;
    await stream.write(new Uint8Array(3_000));
    expect(await stream.commit({ type: 64, channel: 0 })).toBe(store.status().lastLsn);
  });

  test('while the store is being closed: it is closed all the same, its file is free for the next', async () => {
    const disk = new SimulatedDisk({ seed: 5, profile: 'fsync-fail-keep' });
    const { store } = await open(disk, { durability: 'relaxed' });
    await store.append({ frames: frame('one') });
    const closed = store.close();
    // Its last look at the file’s name takes its time.
    disk.inject({ on: 'flush', effect: { throws: 'io' } });
    await expect(store.checkpoint(new Uint8Array(8), 1)).rejects.toMatchObject({
      code: 'IO_ERROR',
    });
    await closed;
    await disk.advanceAsync(10_000);
    expect(store.status().state).toBe('closed');
    const next = await open(disk);
    expect(readAll(next.store)).toEqual([shown(1, 'one')]);
  });

  test('and the store is given up while it tries to reopen: who waits is told at once, in order', async () => {
    const disk = new SimulatedDisk({ seed: 5 });
    const { store } = await open(disk);
    disk.inject({ on: 'flush', effect: { throws: 'io' }, sticky: true });
    await expect(store.append({ frames: frame('one') })).rejects.toThrow(/IO_ERROR/);
    await disk.advanceAsync(10);
    const told: string[] = [];
    const waiting = ['two', 'three'].map((text) =>
      store.append({ frames: frame(text) }).catch((error: unknown) => {
        told.push(text);
        throw error;
      }),
    );
    const stream = store.openUnit();
    store.abandon();
    // No time passes: it would try again after 50 ms.
    for (const late of [...waiting, stream])
      await expect(late).rejects.toMatchObject({ code: 'CLOSED', outcome: 'not-written' });
    expect(told).toEqual(['two', 'three']);
    expect(store.status().state).toBe('closed');
  });

  test('and goes on failing: the store stays closed, every call says so', async () => {
    const disk = new SimulatedDisk({ seed: 5 });
    const { store, events } = await open(disk);
    disk.inject({ on: 'flush', effect: { throws: 'io' }, sticky: true });
    await expect(store.append({ frames: frame('one') })).rejects.toMatchObject({
      outcome: 'unknown',
    });
    await disk.advanceAsync(10_000);
    expect(store.status().state).toBe('poisoned');
    await expect(store.append({ frames: frame('two') })).rejects.toMatchObject({
      code: 'POISONED',
      outcome: 'not-written',
    });
    expect(() => store.readChunk({ after: 0, maxBytes: 1 })).toThrow(/POISONED/);
    await expect(store.waitBeyond(0, 'durable')).rejects.toMatchObject({ code: 'POISONED' });
    await store.close();
    expect(types(events)).toContain('poisoned');
  });
});

describe('a write that comes back short', () => {
  test('ends the generation like a failed flush; what was acknowledged before stays', async () => {
    const disk = new SimulatedDisk({ seed: 6 });
    const { store } = await open(disk);
    await store.append({ frames: frame('one') });
    disk.inject({ on: 'write', effect: { short: 'half' } });
    await expect(store.append({ frames: frame('two', 900) })).rejects.toMatchObject({
      code: 'IO_ERROR',
      outcome: 'unknown',
    });
    await store.append({ frames: frame('three') });
    expect(readAll(store)[0]).toBe(shown(1, 'one'));
    expect(readAll(store).at(-1)).toContain('three');
  });
});

describe('no space', () => {
  test('to grow: refused, not written; reading, trimming and checkpoints go on; with space it works again', async () => {
    const disk = new SimulatedDisk({ seed: 7 });
    const { store, events } = await open(disk, { keep: 'checkpoint' });
    const used = store.status().fileBytes;
    disk.limitBytes = used + 4_096;
    let appended = 0;
    await expect(
      (async () => {
        for (;;) {
          await store.append({ frames: frame('full', 700) });
          appended++;
        }
      })(),
    ).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED', outcome: 'not-written' });
    expect(types(events)).toContain('quota');
    expect(readAll(store)).toHaveLength(appended);
    await store.checkpoint(new Uint8Array(1_000), appended);
    await store.append({ frames: frame('room again', 700) });
    disk.limitBytes = Infinity;
    for (let index = 0; index < 30; index++) await store.append({ frames: frame('more', 700) });
    store.abandon();
    const again = await open(disk);
    expect(again.store.status().lastLsn).toBe(appended + 31);
  });

  test('past its own limit the store is full, and says so', async () => {
    const disk = new SimulatedDisk({ seed: 8 });
    const { store } = await open(disk, { maxBytes: 131_072 + 5 * 4_096 });
    await expect(
      (async () => {
        for (;;) await store.append({ frames: frame('full', 700) });
      })(),
    ).rejects.toMatchObject({ code: 'STORE_FULL', outcome: 'not-written' });
    expect(store.status().fileBytes).toBeLessThanOrEqual(131_072 + 5 * 4_096);
    await store.trim(store.status().lastLsn);
    await store.append({ frames: frame('room again') });
  });
});

describe('files that vanish', () => {
  test('are noticed by the next append after 250 ms; the event names what may be void', async () => {
    const disk = new SimulatedDisk({ seed: 9 });
    const { store, events } = await open(disk);
    await store.append({ frames: frame('one') });
    await disk.advanceAsync(300);
    await store.append({ frames: frame('two') });
    disk.clearSiteData({ witness: false });
    await disk.advanceAsync(100);
    await store.append({ frames: frame('into the void') });
    await disk.advanceAsync(200);
    await expect(store.append({ frames: frame('noticed') })).rejects.toMatchObject({
      code: 'STORE_LOST',
      outcome: 'unknown',
    });
    expect(store.status().state).toBe('lost');
    expect(events.find(({ type }) => type === 'lost')).toEqual({ type: 'lost', from: 2, to: 3 });
    await expect(open(disk)).rejects.toMatchObject({ code: 'STORE_LOST' });
  });
});

describe('a look for the files that fails', () => {
  test('is no loss: the append is unknown, the store opens again and goes on', async () => {
    const disk = new SimulatedDisk({ seed: 11 });
    const host = disk.host();
    let failing = false;
    const root: Directory = {
      openFile: (name, options) => host.root.openFile(name, options),
      hasFile: (name) => host.root.hasFile(name),
      removeFile: (name) => host.root.removeFile(name),
      removeDirectory: (name) => host.root.removeDirectory(name),
      list: () => host.root.list(),
      directory: async (name, options) => {
        const folder = await host.root.directory(name, options);
        if (folder === undefined) return undefined;
        return {
          openFile: (file, how) => folder.openFile(file, how),
          hasFile: async (file) => {
            if (failing) throw new Error('try again');
            return folder.hasFile(file);
          },
          removeFile: (file) => folder.removeFile(file),
          removeDirectory: (file) => folder.removeDirectory(file),
          list: () => folder.list(),
          directory: (file, how) => folder.directory(file, how),
        };
      },
    };
    const store = await openStore({ ...host, root }, 's', SMALL);
    await store.append({ frames: frame('one') });
    await disk.advanceAsync(300);
    failing = true;
    await expect(store.append({ frames: frame('two') })).rejects.toMatchObject({
      code: 'IO_ERROR',
      outcome: 'unknown',
    });
    failing = false;
    await store.append({ frames: frame('three') });
    expect(readAll(store)).toEqual([shown(1, 'one'), shown(2, 'two'), shown(3, 'three')]);
  });
});

describe('a read error', () => {
  test('while opening is IO_ERROR, never taken for the end of the log', async () => {
    const disk = new SimulatedDisk({ seed: 10 });
    const { store } = await open(disk);
    for (let index = 0; index < 20; index++) await store.append({ frames: frame('kept', 700) });
    store.abandon();
    for (let nth = 1; nth < 8; nth++) {
      const attempt = disk.fork();
      attempt.inject({ on: 'read', effect: { short: 0 }, skip: nth });
      await expect(open(attempt)).rejects.toMatchObject({ code: 'IO_ERROR' });
    }
  });
});

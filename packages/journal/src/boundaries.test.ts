/** Exactly at a bound, and one beyond; what is told once; what keeps its own time. */
import { SimulatedDisk } from '@varve/files/simulated';
import type { WitnessEntry } from '@varve/files';
import { describe, expect, test } from 'vitest';
import { frame, readAll, shown } from '../conformance/records.ts';
import { SLOTS_START } from './format.ts';
import { removeStore } from './open-journal.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';
import type { StoreOptions } from './store-port.ts';

const SMALL: Partial<StoreOptions> = { segmentSizeBytes: 4_096, maxStateBytes: 1_024 };
const FILE = 's/journal';

/** Appends until the tail stands in segment `number`. */
async function fillTo(store: Store, number: number): Promise<void> {
  while (store.journal!.tail.segment.header.segment < number) {
    await store.append({ frames: frame('x', 900) });
  }
}

test('a record in pieces may be exactly as long as the longest; one byte more is refused', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const store = await openStore(disk.host(), 's', { ...SMALL, maxRecordBytes: 2_000 });
  const ends = async (bytes: number): Promise<unknown> => {
    const unit = await store.openUnit();
    try {
      await unit.write(new Uint8Array(bytes));
      return await unit.commit({ type: 64, channel: 0 });
    } catch (error) {
      unit.abort();
      return error;
    }
  };
  expect(await ends(2_000)).toBe(1);
  expect(await ends(2_001)).toMatchObject({ code: 'RECORD_TOO_LARGE', outcome: 'not-written' });
  expect(readAll(store)).toHaveLength(1);
});

test('a reader exactly as far behind as it may be holds history back; one segment further it does not', async () => {
  for (const [behind, oldest] of [
    [2, 1],
    [3, 4],
  ] as const) {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', {
      ...SMALL,
      keep: 'checkpoint',
      readerHoldBytes: 2 * 4_096,
    });
    await fillTo(store, 1 + behind);
    store.holdHistory(1);
    await store.checkpoint(new Uint8Array(1), store.status().lastLsn);
    const live = store.openedJournal!.recovered.table.live();
    expect([behind, live[0]!.header.segment]).toEqual([behind, oldest]);
    expect(live.at(-1)!.header.segment).toBe(1 + behind);
  }
});

test('a queue that holds exactly what it may takes one more; past that it says no', async () => {
  const waiting = { durability: 'relaxed', relaxedBytes: 1e9, relaxedMs: 1e9 } as const;
  const unflushed = async (queueBytes: number): Promise<Store> => {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', { ...SMALL, ...waiting, queueBytes });
    await store.append({ frames: frame('bulk', 600) });
    return store;
  };
  const bytes = (await unflushed(1e9)).journal!.tail.unflushedBytes;
  expect((await unflushed(bytes)).tryAppend({ frames: frame('x') })).toBeDefined();
  expect((await unflushed(bytes - 1)).tryAppend({ frames: frame('x') })).toBeUndefined();
});

test('small appends of one turn share a batch: a header for all of them', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const store = await openStore(disk.host(), 's', { ...SMALL, segmentSizeBytes: 65_536 });
  await store.append({ frames: frame('begun') });
  const used = (): number => store.layout().slots[0]!.usedBytes;
  const before = used();
  const frames = frame('x', 100);
  await Promise.all(Array.from({ length: 100 }, () => store.append({ frames })));
  expect(used() - before).toBeLessThan(100 * frames.length + 500);
});

test('records that are written again after a kill keep the times that they had', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const open = (): Promise<Store> => openStore(disk.host(), 's', { ...SMALL, relaxedMs: 1e9 });
  const timesOf = (store: Store): [number, number][] =>
    store
      .readChunk({ after: 0, maxBytes: 1e6, visibility: 'written' })
      .runs.map(({ firstLsn, wallTimeMs }) => [firstLsn, wallTimeMs]);
  const first = await open();
  for (const text of ['a', 'b', 'c']) {
    await first.append({ frames: frame(text), durability: 'relaxed' });
    await disk.advanceAsync(1_000);
  }
  const times = timesOf(first);
  expect(new Set(times.map(([, timeMs]) => timeMs)).size).toBe(3);
  first.abandon();
  const again = await open();
  expect(again.status().recovery.rewrittenRecords).toBeGreaterThan(1);
  expect(timesOf(again)).toEqual(times);
});

describe('damage', () => {
  test('is told once, however often it is met, and stands in the status', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', SMALL);
    for (const text of ['a', 'b', 'c']) await store.append({ frames: frame(text) });
    const hit = store.batches(0).find(({ firstLsn }) => firstLsn === 2)!;
    store.abandon();
    disk.poke(FILE, new Uint8Array(hit.bytes), SLOTS_START + hit.offset);
    const events: unknown[] = [];
    const again = await openStore(disk.host(), 's', SMALL, (event) => {
      if (event.type === 'damage') events.push(event.range);
    });
    const salvaged = [...again.salvage(), ...again.salvage()];
    expect(salvaged.length).toBeGreaterThan(2);
    for (let twice = 0; twice < 2; twice++) {
      expect(() => again.readChunk({ after: 1, maxBytes: 1_000 })).toThrow(/LSN|damaged|read/);
    }
    expect(events).toMatchObject([{ from: 2, to: 2 }]);
    expect(again.status().damage).toMatchObject([{ from: 2, to: 2 }]);
    await expect(again.append({ frames: frame('no') })).rejects.toMatchObject({
      facts: { from: 2, to: 2 },
    });
  });

  test('a file that was cut short is reported; one that is whole is not', async () => {
    for (const cut of [0, 1]) {
      const disk = new SimulatedDisk({ seed: 2 });
      const store = await openStore(disk.host(), 's', SMALL);
      await store.append({ frames: frame('one') });
      await fillTo(store, 2);
      await store.close();
      const folder = await disk.host().root.directory('s', { create: false });
      const file = await folder!.openFile('journal', { create: false });
      file.truncate(file.getSize() - cut);
      file.close();
      const again = await openStore(disk.host(), 's', { ...SMALL, readOnly: true });
      const { rows } = again.status().recovery;
      expect([cut, rows.includes('file-short')]).toEqual([cut, cut > 0]);
      expect(readAll(again)[0]).toBe(shown(1, 'one'));
    }
  });
});

test('whoever removes a store says first that it is being erased, and that nothing of it is durable', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const host = disk.host();
  await (await openStore(host, 's', SMALL)).close();
  const said: WitnessEntry[] = [];
  const { witness } = host;
  const watching = {
    read: (name: string) => witness.read(name),
    list: () => witness.list(),
    remove: (name: string) => witness.remove(name),
    write: (name: string, entry: WitnessEntry) => {
      said.push(entry);
      return witness.write(name, entry);
    },
  };
  await removeStore({ ...host, witness: watching }, 's');
  expect(said).toMatchObject([{ state: 'erasing', durableLsn: 0 }]);
});

/** Room: slots made ahead, what is refused for want of it, and what is not. */
import { SimulatedDisk } from '@varve/files/simulated';
import { expect, test } from 'vitest';
import { frame, readAll, shown } from '../conformance/records.ts';
import { openStore } from './open-store.ts';
import type { StoreOptions } from './store-port.ts';

const SMALL: Partial<StoreOptions> = { segmentSizeBytes: 4_096, maxStateBytes: 1_024 };

test('a store left alone makes one slot ahead, and no second one', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const store = await openStore(disk.host(), 's', SMALL);
  await store.append({ frames: frame('one') });
  const { spare, total } = store.status().segments;
  await disk.advanceAsync(3_000);
  expect(store.status().segments).toMatchObject({ spare: spare + 1, total: total + 1 });
});

test('power is lost while the file grows: no superblock counts a slot that is not there', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const store = await openStore(disk.host(), 's', SMALL);
  await disk.advanceAsync(61_000);
  const before = disk.opCount;
  for (let index = 0; index < 20; index++) await store.append({ frames: frame('x', 900) });
  let looked = 0;
  for (const image of disk.images({
    crashAt: (op) => op > before,
    subsets: { exhaustiveUpTo: 3, random: 1, pairs: 0 },
  })) {
    const again = await openStore(image.disk().host(), 's', SMALL);
    expect([image.id, again.status().recovery.rows]).not.toEqual([
      image.id,
      expect.arrayContaining(['file-short']),
    ]);
    again.abandon();
    looked++;
  }
  expect(looked).toBeGreaterThan(50);
});

test('a slot’s flush fails: the append is unknown, and the next generation begins', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const store = await openStore(disk.host(), 's', SMALL);
  const { generation, segments } = store.status();
  let appended = 0;
  while (store.status().segments.spare > store.journal!.slots.reserve || appended < 1) {
    await store.append({ frames: frame('x', 900) });
    appended++;
  }
  expect(segments.total).toBe(store.status().segments.total);
  disk.inject({ on: 'flush', effect: { throws: 'io' } });
  const outcomes = new Set<unknown>();
  for (let index = 0; index < 8; index++) {
    await store.append({ frames: frame('y', 900) }).catch(({ outcome }) => outcomes.add(outcome));
  }
  expect([...outcomes]).toEqual(['unknown']);
  expect(store.status().generation).toBe(generation + 1);
});

test('a state of exactly as many bytes as are promised room is stored; one more is refused', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const store = await openStore(disk.host(), 's', SMALL);
  await store.append({ frames: frame('one') });
  await store.checkpoint(new Uint8Array(1_024).fill(7), 1);
  expect(store.readState()!.state).toEqual(new Uint8Array(1_024).fill(7));
  await expect(store.checkpoint(new Uint8Array(1_025), 1)).rejects.toMatchObject({
    code: 'STATE_TOO_LARGE',
  });
});

test('a record of exactly the longest length is stored; one byte more is refused, not written', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const longest = frame('x', 600);
  const store = await openStore(disk.host(), 's', { ...SMALL, maxRecordBytes: longest.length });
  await store.append({ frames: longest });
  await expect(store.append({ frames: frame('x', 601) })).rejects.toMatchObject({
    code: 'RECORD_TOO_LARGE',
    outcome: 'not-written',
  });
  expect(readAll(store)).toHaveLength(1);
});

test('a full store takes a checkpoint out of the reserve, and has room again', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const store = await openStore(disk.host(), 's', {
    ...SMALL,
    keep: 'checkpoint',
    maxBytes: 131_072 + 5 * 4_096,
  });
  const full = async (): Promise<number> => {
    for (let count = 0; ; count++) {
      try {
        await store.append({ frames: frame('x', 900) });
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORE_FULL', outcome: 'not-written' });
        return count;
      }
    }
  };
  for (let turn = 0; turn < 3; turn++) {
    expect(await full()).toBeGreaterThan(0);
    expect(store.status().segments.spare).toBe(store.journal!.slots.reserve);
    await store.checkpoint(new Uint8Array(1_024), store.status().lastLsn);
  }
});

test('history goes right up to the last checkpoint: its state stays, wherever in a segment it lies', async () => {
  for (let filler = 0; filler < 8; filler++) {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', SMALL);
    for (let index = 0; index <= filler; index++) {
      await store.append({ frames: frame('x', 450) });
    }
    const state = new Uint8Array(1_000).fill(filler);
    await store.checkpoint(state, filler + 1);
    for (let index = 0; index < 12; index++) await store.append({ frames: frame('y', 900) });
    await store.trim(store.status().lastLsn);
    for (let index = 0; index < 12; index++) await store.append({ frames: frame('z', 900) });
    expect([filler, store.readState()]).toEqual([filler, { state, coveredLsn: filler + 1 }]);
    store.abandon();
    const again = await openStore(disk.host(), 's', SMALL);
    expect([filler, again.readState()]).toEqual([filler, { state, coveredLsn: filler + 1 }]);
  }
});

test('a long record is written again after a kill, in another segment: retention keeps all of it', async () => {
  let moved = 0;
  for (let bytes = 6_000; bytes < 7_400; bytes += 60) {
    const disk = new SimulatedDisk({ seed: 2 });
    const given = { ...SMALL, keep: 'checkpoint' } as const;
    const killed = await openStore(disk.host(), 's', given);
    await killed.append({ frames: frame('before') });
    await killed.append({ frames: frame('long', bytes) });
    const { live } = killed.status().segments;
    killed.abandon();
    const store = await openStore(disk.host(), 's', given);
    if (store.status().segments.live > live) moved++;
    for (let turn = 0; turn < 3; turn++) {
      for (let index = 0; index < 12; index++) await store.append({ frames: frame('y', 900) });
      // All that comes before the long record may go.
      await store.checkpoint(Uint8Array.of(1), 1);
      expect([bytes, readAll(store)[0]]).toEqual([bytes, shown(2, 'long', bytes)]);
    }
  }
  expect(moved).toBeGreaterThan(0);
});

test('what a rotation flushed is durable, and says so', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const given = { ...SMALL, durability: 'relaxed', relaxedMs: 1e9, relaxedBytes: 1e9 } as const;
  const store = await openStore(disk.host(), 's', given);
  while (store.status().segments.live < 2) await store.append({ frames: frame('x', 900) });
  const { durableLsn, lastLsn, queue } = store.status();
  expect(durableLsn).toBe(lastLsn - 1);
  expect(queue.waitingBytes).toBeLessThan(2_000);
});

test('more than a quarter of a mebibyte in one commit is there, all of it', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const store = await openStore(disk.host(), 's', { ...SMALL, segmentSizeBytes: 1_048_576 });
  await Promise.all(
    Array.from({ length: 120 }, (_, index) => store.append({ frames: frame(`n${index} `, 4_000) })),
  );
  expect(store.status().commits.groups).toBe(1);
  expect(readAll(store)).toEqual(
    Array.from({ length: 120 }, (_, index) => shown(index + 1, `n${index} `, 4_000)),
  );
});

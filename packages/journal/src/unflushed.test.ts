/**
 * What only the page cache holds, after a flush that failed: it is read like anything else, and the
 * next power cut takes it. A promise must not rest on it.
 */
import { SimulatedDisk } from '@varve/files/simulated';
import { describe, expect, test } from 'vitest';
import { frame, readAll, shown } from '../conformance/records.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';

const SMALL = { segmentSizeBytes: 4_096, maxStateBytes: 1_024 } as const;

async function begun(): Promise<{ disk: SimulatedDisk; store: Store }> {
  const disk = new SimulatedDisk({ seed: 5, profile: 'fsync-fail-keep' });
  const store = await openStore(disk.host(), 's', SMALL);
  await disk.advanceAsync(61_000);
  await store.append({ frames: frame('one') });
  return { disk, store };
}

const afterPowerCut = (disk: SimulatedDisk): Promise<Store> =>
  openStore(disk.powerCut('none').host(), 's', SMALL);

describe('a unit whose only flush failed', () => {
  test('a stream is found by the reopening: its fragments are written again with its end', async () => {
    const { disk, store } = await begun();
    const stream = await store.openUnit();
    await stream.write(new Uint8Array(250).fill(65));
    await stream.write(new Uint8Array(250).fill(65));
    disk.inject({ on: 'flush', effect: { throws: 'io' } });
    await expect(stream.commit({ type: 64, channel: 0 })).rejects.toMatchObject({
      outcome: 'unknown',
    });
    await store.append({ frames: frame('three') });
    expect(readAll(store)).toHaveLength(3);
    // What was copied is no stream that somebody still writes.
    expect(store.status().openUnits).toBe(0);
    expect(readAll(await afterPowerCut(disk))).toEqual([
      shown(1, 'one'),
      shown(2, 'A', 500),
      shown(3, 'three'),
    ]);
  });
});

describe('a superblock whose flush failed', () => {
  test.each([1, 2])(
    'superblock %i of a checkpoint: the checkpoint is not acknowledged',
    async (skip) => {
      const { disk, store } = await begun();
      const fault = disk.inject({ on: 'flush', effect: { throws: 'io' }, skip, sticky: true });
      await expect(store.checkpoint(Uint8Array.of(7), 1)).rejects.toMatchObject({
        code: 'IO_ERROR',
      });
      fault.cancel();
      store.abandon();
      const after = await afterPowerCut(disk);
      expect([after.state, readAll(after)]).toEqual(['open', [shown(1, 'one')]]);
    },
  );
});

test('what was trimmed stays trimmed when the store is opened again', async () => {
  const { disk, store } = await begun();
  await store.append({ frames: frame('two') });
  await store.append({ frames: frame('three') });
  await store.trim(3);
  expect(store.status().firstLsn).toBe(3);
  expect((await afterPowerCut(disk)).status().firstLsn).toBe(3);
});

test('a mark that no flush covered is there before a superblock of the close names the place behind it', async () => {
  const { disk, store } = await begun();
  // The mark is written, and nothing flushes it.
  await disk.advanceAsync(30);
  const before = disk.opCount;
  await store.close();
  let closed = 0;
  for (const image of disk.images({ crashAt: (op) => op > before })) {
    const again = await openStore(image.disk().host(), 's', SMALL);
    if (again.status().recovery.clean) closed++;
    await again.append({ frames: frame('two') });
    const { harmlessDamage, damage } = await again.scrub();
    expect([image.id, harmlessDamage, damage]).toEqual([image.id, 0, []]);
  }
  expect(closed).toBeGreaterThan(0);
});

describe('a new segment of a padded store', () => {
  const PADDED = { segmentSizeBytes: 16_384, alignmentBytes: 4_096, maxStateBytes: 1_024 } as const;

  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'whose header only the cache holds after flush %i failed is found after a power cut',
    async (skip) => {
      const disk = new SimulatedDisk({ seed: 5, profile: 'fsync-fail-keep' });
      const store = await openStore(disk.host(), 's', PADDED);
      await disk.advanceAsync(61_000);
      disk.inject({ on: 'flush', effect: { throws: 'io' }, skip });
      for (let index = 0; index < 8; index++) {
        const failed = await store.append({ frames: frame('x', 900) }).catch(() => 'failed');
        if (failed === 'failed') break;
      }
      // It opens itself again.
      await disk.advanceAsync(10);
      store.abandon();
      const again = await openStore(disk.host(), 's', PADDED);
      await again.append({ frames: frame('last') });
      const acknowledged = readAll(again);
      const after = await openStore(disk.powerCut('none').host(), 's', PADDED);
      expect([after.state, readAll(after)]).toEqual(['open', acknowledged]);
      // It was written again: the log is not found by the record before it.
      expect(after.status().recovery.rows).not.toContain('header-lost');
    },
  );
});

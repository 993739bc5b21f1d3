/**
 * Records in fragments that a recovery writes again by name alone: what had been flushed stays where it
 * is, and then nothing but the recovery's own segments says that it is needed.
 */
import { SimulatedDisk } from '@varve/files/simulated';
import { expect, test } from 'vitest';
import { frame } from '../conformance/records.ts';
import { openStore } from './open-store.ts';
import type { StoreOptions } from './store-port.ts';

const SMALL: Partial<StoreOptions> = { segmentSizeBytes: 4_096, maxStateBytes: 1_024 };
const PIECES = new Uint8Array(5_600).fill(7);

/** A record in pieces, over segments, and one that was appended between them; then the tab is killed. */
async function killed(
  options: Partial<StoreOptions>,
  durability: 'strict' | 'relaxed',
): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({ seed: 5, profile: 'power' });
  const store = await openStore(disk.host(), 's', options);
  // No power cut takes the names of its files back.
  await disk.advanceAsync(61_000);
  const unit = await store.openUnit();
  await unit.write(PIECES);
  await store.append({ frames: frame('between', 3_400), durability });
  expect(await unit.commit({ type: 64, channel: 0, durability })).toBe(2);
  store.abandon();
  return disk;
}

test.each([
  ['all', 'strict', 2],
  ['all', 'relaxed', 2],
  ['checkpoint', 'strict', 1],
  ['checkpoint', 'relaxed', 1],
] as const)(
  'keep %s, %s: they are there after a checkpoint up to %i, and after whatever ends it',
  async (keep, durability, upTo) => {
    const options = { ...SMALL, keep };
    const disk = await killed(options, durability);
    const store = await openStore(disk.host(), 's', options);
    expect(store.status().recovery.rewrittenRecords).toBe(durability === 'strict' ? 1 : 2);
    expect(store.readUnit(2, 0, 10_000).bytes).toEqual(PIECES);
    const from = disk.opCount;
    // What is retired is written over by what comes next.
    await store.checkpoint(Uint8Array.of(1), upTo);
    for (let more = 0; more < 6; more++) await store.append({ frames: frame('more', 3_000) });
    expect(store.readUnit(2, 0, 10_000).bytes).toEqual(PIECES);
    store.abandon();
    let images = 0;
    for (const image of disk.images({ crashAt: (op) => op > from, subsets: { random: 2 } })) {
      const again = await openStore(image.disk().host(), 's', options);
      expect([image.id, again.status().damage]).toEqual([image.id, []]);
      const { bytes } = again.readUnit(2, 0, 10_000);
      expect([image.id, bytes.length, bytes.every((byte) => byte === 7)]).toEqual([
        image.id,
        PIECES.length,
        true,
      ]);
      again.abandon();
      images++;
    }
    expect(images).toBeGreaterThan(20);
  },
);

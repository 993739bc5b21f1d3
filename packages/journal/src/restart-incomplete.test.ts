/** A recovery that a power cut ended in the middle: the originals count, and what was copied is void. */
import { SimulatedDisk } from '@varve/files/simulated';
import { expect, test } from 'vitest';
import { frame, readAll } from '../conformance/records.ts';
import { openStore } from './open-store.ts';
import type { StoreOptions } from './store-port.ts';

const SMALL: Partial<StoreOptions> = { segmentSizeBytes: 4_096, maxStateBytes: 1_024 };

/** Two records that the next opening copies, behind `filler` bytes: somewhere between them its segment is full. */
async function inDoubt(filler: number): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({ seed: 3, profile: 'power' });
  const store = await openStore(disk.host(), 's', SMALL);
  // No power cut takes the names of its files back.
  await disk.advanceAsync(61_000);
  for (const length of [1_200, filler]) await store.append({ frames: frame('a', length) });
  // The second one's copy spans sectors: the header before it can be there without it.
  for (const [text, length] of [
    ['one', 300],
    ['two', 900],
  ] as const) {
    await store.append({ frames: frame(text, length), durability: 'relaxed' });
    store.journal!.tail.write();
  }
  store.abandon();
  return disk;
}

test.each([
  ['to be written', {}],
  ['to be read', { readOnly: true }],
] as const)('whoever opens it %s reads every record, wherever it was cut', async (_, options) => {
  let incomplete = 0;
  for (let filler = 60; filler < 900; filler += 120) {
    const disk = await inDoubt(filler);
    const from = disk.opCount;
    const cut = await openStore(disk.host(), 's', SMALL);
    const whole = readAll(cut);
    expect([cut.status().recovery.rewrittenRecords, whole.length]).toEqual([2, 4]);
    cut.abandon();
    for (const image of disk.images({ crashAt: (op) => op > from, subsets: { random: 8 } })) {
      const again = await openStore(image.disk().host(), 's', { ...SMALL, ...options });
      const { rows, lastLsn } = again.status().recovery;
      if (!rows.includes('restart-incomplete')) continue;
      incomplete++;
      const name = `${filler} ${image.id}`;
      expect([name, lastLsn]).toEqual([name, 4]);
      // Each by itself first: where a reader begins is looked up.
      for (let after = 0; after < 4; after++) {
        const { runs } = again.readChunk({ after, before: after + 2, maxBytes: 1 });
        expect([name, runs[0]?.firstLsn]).toEqual([name, after + 1]);
      }
      expect([name, readAll(again)]).toEqual([name, whole]);
      expect([name, readAll(again, true)]).toEqual([name, whole.toReversed()]);
      expect(again.status().damage).toEqual([]);
      again.abandon();
    }
  }
  expect(incomplete).toBeGreaterThan(20);
});

/**
 * A flush fails and the cache keeps what the disk does not have; the recovery that copies it flushes some copies on its
 * way into the next segment, and fails itself. What the second recovery serves must be on the disk.
 */
test('a copy that was flushed proves nothing of its original, which only the cache may have', async () => {
  let cutShort = 0;
  for (const filler of [60, 260, 460]) {
    for (let skip = 2; skip < 7; skip++) {
      const disk = new SimulatedDisk({ seed: 3, profile: 'fsync-fail-keep' });
      const store = await openStore(disk.host(), 's', SMALL);
      await disk.advanceAsync(61_000);
      for (const length of [1_200, filler]) await store.append({ frames: frame('a', length) });
      for (const text of ['one', 'second']) {
        const unit = await store.openUnit();
        await unit.write(new Uint8Array(300).fill(text.length));
        await unit.commit({ type: 64, channel: 0, durability: 'relaxed' });
        store.journal!.tail.write();
      }
      const { generation } = store.status();
      disk.inject({ on: 'flush', path: 's/journal', effect: { throws: 'io' } });
      const fault = disk.inject({
        on: 'write',
        path: 's/journal',
        skip,
        effect: { short: 'len-1' },
      });
      await store.append({ frames: frame('x', 20) }).catch(() => undefined);
      await disk.advanceAsync(5_000);
      fault.cancel();
      if (fault.strikes > 0 && store.status().generation > generation + 1) cutShort++;
      await store.append({ frames: frame('z') });
      const served = readAll(store);
      store.abandon();
      const again = await openStore(disk.powerCut('none').host(), 's', SMALL);
      expect([filler, skip, again.state]).toEqual([filler, skip, 'open']);
      expect([filler, skip, readAll(again)]).toEqual([filler, skip, served]);
    }
  }
  expect(cutShort).toBeGreaterThan(5);
});

/** A generation that begins where a segment has no room for a batch. */
import { SimulatedDisk } from '@varve/files/simulated';
import { expect, test } from 'vitest';
import { frame, readAll, shown } from '../conformance/records.ts';
import { openStore } from './open-store.ts';
import type { StoreOptions } from './store-port.ts';

const PADDED: Partial<StoreOptions> = {
  segmentSizeBytes: 16_384,
  alignmentBytes: 4_096,
  maxStateBytes: 1_024,
};
/** Its footer is no place where a generation may begin: a new segment's header is all that leads there. */
const UNPADDED: Partial<StoreOptions> = { segmentSizeBytes: 4_096, maxStateBytes: 1_024 };

const FULL = [
  { kind: 'a padded', options: PADDED, bytes: 3, usedBytes: 12_288 },
  { kind: 'an unpadded', options: UNPADDED, bytes: 3_400, usedBytes: 3_680 },
];
const CASES = FULL.flatMap((full) => [0, 1, 2, 3, 4, 5, 6].map((skip) => ({ ...full, skip })));

test.each(CASES)(
  '$kind segment is full at a kill and flush $skip of what follows fails: the new segment is found after a power cut',
  async ({ options, bytes, usedBytes, skip }) => {
    for (const sticky of [false, true]) {
      const disk = new SimulatedDisk({ seed: 9, profile: 'fsync-fail-keep' });
      const host = disk.host();
      let store = await openStore(host, 's', options);
      await disk.advanceAsync(61_000);
      // The start record and this one leave no room for another generation.
      await store.append({ frames: frame('one', bytes) });
      expect(store.layout().slots[0]!.usedBytes).toBe(usedBytes);
      store.abandon();
      const fault = disk.inject({
        on: 'flush',
        path: 's/journal',
        skip,
        sticky,
        effect: { throws: 'io' },
      });
      const failed = await openStore(host, 's', options).catch(() => undefined);
      await failed?.append({ frames: frame('two') }).catch(() => undefined);
      failed?.abandon();
      fault.cancel();
      await disk.advanceAsync(10_000);
      store = await openStore(host, 's', options);
      await store.append({ frames: frame('three') });
      const acknowledged = readAll(store);
      expect(acknowledged[0]).toEqual(shown(1, 'one', bytes));
      const after = await openStore(disk.powerCut('none').host(), 's', options);
      expect([skip, sticky, after.state, readAll(after)]).toEqual([
        skip,
        sticky,
        'open',
        acknowledged,
      ]);
    }
  },
);

test('it says in the full segment where it goes on', async () => {
  const disk = new SimulatedDisk({ seed: 9 });
  const store = await openStore(disk.host(), 's', PADDED);
  await store.append({ frames: frame('one') });
  store.abandon();
  const again = await openStore(disk.host(), 's', PADDED);
  expect(again.batches(0).map(({ offset, kind }) => [offset, kind])).toEqual([
    [4_096, 'control'],
    [8_192, 'records'],
    [12_288, 'control'],
  ]);
  expect(readAll(again)).toEqual([shown(1, 'one')]);
  again.abandon();
  const third = await openStore(disk.host(), 's', PADDED);
  expect(readAll(third)).toEqual([shown(1, 'one')]);
  await third.close();
});

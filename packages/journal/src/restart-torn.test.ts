/** A generation that begins where a batch was torn: half of what it writes must not make that one whole. */
import { SimulatedDisk } from '@varve/files/simulated';
import { expect, test } from 'vitest';
import { frame, readAll, shown } from '../conformance/records.ts';
import { openStore } from './open-store.ts';
import { slotStart, geometryOf } from './geometry.ts';
import type { StoreOptions } from './store-port.ts';

const PAGE = 4_096;
const PADDED: Partial<StoreOptions> = {
  segmentSizeBytes: 65_536,
  alignmentBytes: PAGE,
  maxStateBytes: 1_024,
};
const FILE = 's/journal';
const ALL = { exhaustiveUpTo: 8, random: 0, pairs: 0, atMost: 256 };

/** Crashes in the last flush: every subset of the pages that were in flight. */
const crashesOf = (disk: SimulatedDisk): SimulatedDisk[] =>
  Array.from(disk.images({ crashAt: (op) => op === disk.opCount, subsets: ALL }), (image) =>
    image.disk({ profile: 'os', record: true }),
  );

test('a torn batch whose missing page is like one of ours stays torn', async () => {
  const disk = new SimulatedDisk({ seed: 5, profile: 'os' });
  const store = await openStore(disk.host(), 's', PADDED);
  await store.append({ frames: frame('one') });
  // Until names are settled, and a mark proves the record: it is not written again.
  await disk.advanceAsync(61_000);
  const { slots } = store.layout();
  const slot = slots.findIndex(({ usedBytes }) => usedBytes > 0);
  const end = slotStart(geometryOf(65_536, PAGE), slot) + slots[slot]!.usedBytes;
  // The slot was used before: what was not written is not zero.
  disk.poke(FILE, new Uint8Array(4 * PAGE).fill(0xee), end);
  // Three pages, of which the last holds only zeros.
  const lost = `${'x'.repeat(2 * PAGE - 200)}${'\0'.repeat(500)}`;
  await store.append({ frames: frame(lost) });

  const isTorn = (torn: SimulatedDisk): boolean => {
    const byteAt = (page: number): number => torn.peek(FILE, end + page * PAGE + 100, 1)[0]!;
    return [byteAt(0), byteAt(1), byteAt(2)].join() === '120,120,238';
  };
  const second = crashesOf(disk).find(isTorn)!;
  let looked = 0;
  const again = await openStore(second.host(), 's', PADDED);
  expect(readAll(again)).toEqual([shown(1, 'one')]);
  // The beginning takes the first page, this one the two behind it; the last of them holds zeros alone.
  const other = `y${'\0'.repeat(PAGE)}`;
  await again.append({ frames: frame(other) });
  for (const crashed of crashesOf(second)) {
    looked++;
    const third = await openStore(crashed.host(), 's', PADDED);
    const [first, ...more] = readAll(third);
    expect(first).toBe(shown(1, 'one'));
    expect([[], [shown(2, other.slice(0, 8), other.length)]]).toContainEqual(more);
    third.abandon();
  }
  expect(looked).toBeGreaterThan(4);
});

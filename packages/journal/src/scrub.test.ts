/** Verification in idle time, over a disk that rots. */
import { SimulatedDisk } from '@varve/files/simulated';
import { completeRequest, type DamageRange } from '@varve/protocol';
import { expect, test } from 'vitest';
import { frame } from '../conformance/records.ts';
import { SLOTS_START } from './format.ts';
import { openStore } from './open-store.ts';
import { SCRUB_SLICE_BYTES } from './scrub.ts';
import type { Store } from './store.ts';
import type { ScrubPace, StoreOptions } from './store-port.ts';

const FILE = 's/journal';
const SEGMENT_BYTES = 65_536;
const PACE: ScrubPace = { everyMs: 60_000, idleMs: 100, bytesPerSecond: 1_310_720 };
/** At this pace a slice is due every so often. */
const SLICE_MS = 100;

async function open(
  disk: SimulatedDisk,
  options: Partial<StoreOptions> = {},
): Promise<{ store: Store; damage: DamageRange[] }> {
  const damage: DamageRange[] = [];
  const base = { segmentSizeBytes: SEGMENT_BYTES, maxStateBytes: 1_024, scrub: PACE };
  const store = await openStore(disk.host(), 's', { ...base, ...options }, (event) => {
    if (event.type === 'damage') damage.push(event.range);
  });
  return { store, damage };
}

/** A mebibyte in 64 records, over seventeen segments. */
async function filled(
  disk: SimulatedDisk,
  options?: Partial<StoreOptions>,
): ReturnType<typeof open> {
  const opened = await open(disk, options);
  for (let index = 0; index < 64; index++) {
    await opened.store.append({ frames: frame(`record ${index}`, 16_000) });
  }
  return opened;
}

/** Turns a bit of the batch that bears an LSN, or of another one, and says which it was. */
function rot(disk: SimulatedDisk, store: Store, lsn: number, kind = 'records'): void {
  const { slots } = store.layout();
  for (const { slot, segment } of slots.filter(({ segment: number }) => number > 0)) {
    const batch = store
      .batches(slot)
      .find((each) => each.kind === kind && each.firstLsn === lsn && segment > 0);
    if (batch === undefined) continue;
    const at = SLOTS_START + slot * SEGMENT_BYTES + batch.offset + 20;
    const [byte] = disk.peek(FILE, at, 1);
    disk.poke(FILE, Uint8Array.of(byte! ^ 4), at);
    return;
  }
  throw new Error(`no ${kind} ${lsn}`);
}

test('a record rots on the disk while nobody reads it: it is named within one pass, once', async () => {
  const disk = new SimulatedDisk({ seed: 1 });
  const { store, damage } = await filled(disk);
  rot(disk, store, 20);
  await disk.advanceAsync(5_000);
  expect(damage).toEqual([{ from: 20, to: 20, proof: 'read' }]);
  const { scrub } = store.status();
  expect(scrub).toMatchObject({ position: null, damage, harmlessDamage: 0 });
  expect(scrub!.bytesVerified).toBeGreaterThan(62 * 16_000);
  expect(scrub!.lastCompletedAtMs).toBeGreaterThan(0);
  await disk.advanceAsync(70_000);
  expect(damage).toHaveLength(1);
  expect(store.status().scrub!.lastCompletedAtMs).toBeGreaterThan(scrub!.lastCompletedAtMs);
});

test('an undamaged store with streams, cuts and recycled slots: nothing is reported', async () => {
  const disk = new SimulatedDisk({ seed: 2 });
  const first = await filled(disk, { keep: 'checkpoint' });
  const stream = await first.store.openUnit();
  for (let piece = 0; piece < 4; piece++) await stream.write(new Uint8Array(60_000));
  await stream.commit({ type: 64, channel: 0 });
  await first.store.checkpoint(new Uint8Array(900), 40);
  await first.store.append({ frames: frame('x', 1_000), durability: 'relaxed' });
  first.store.abandon();
  const { store, damage } = await filled(disk, { keep: 'checkpoint' });
  await disk.advanceAsync(20_000);
  expect(store.status().scrub).toMatchObject({ damage: [], harmlessDamage: 0 });
  expect(store.status().scrub!.lastCompletedAtMs).toBeGreaterThan(0);
  expect(damage).toEqual([]);
});

test('a fragment rots: the record that it belongs to is named', async () => {
  const disk = new SimulatedDisk({ seed: 3 });
  const { store, damage } = await open(disk);
  await store.append({ frames: frame('one') });
  const stream = await store.openUnit();
  for (let piece = 0; piece < 3; piece++) await stream.write(new Uint8Array(30_000));
  const lsn = await stream.commit({ type: 64, channel: 0 });
  await store.append({ frames: frame('three') });
  rot(disk, store, lsn, 'fragment');
  await disk.advanceAsync(2_000);
  expect(damage).toEqual([{ from: lsn, to: lsn, proof: 'read' }]);
});

test('what costs no record is counted, not reported: a mark, a superblock, a header', async () => {
  const disk = new SimulatedDisk({ seed: 4 });
  const { store, damage } = await open(disk);
  await store.append({ frames: frame('one') });
  await disk.advanceAsync(20);
  for (let index = 0; index < 6; index++) {
    await store.append({ frames: frame('more', 16_000) });
  }
  // The next slot is made ahead meanwhile, and both superblocks are written.
  await disk.advanceAsync(60);
  rot(disk, store, 2, 'mark');
  disk.poke(FILE, Uint8Array.of(1, 2, 3), 300);
  const sealed = store.layout().slots.find(({ state }) => state === 'sealed')!;
  disk.poke(FILE, Uint8Array.of(1, 2, 3), SLOTS_START + sealed.slot * SEGMENT_BYTES + 50);
  await disk.advanceAsync(2_000);
  expect(store.status().scrub).toMatchObject({ damage: [], harmlessDamage: 3 });
  expect(damage).toEqual([]);
});

test('a busy store is left alone; a quiet one is read slice by slice', async () => {
  const disk = new SimulatedDisk({ seed: 5 });
  const { store } = await filled(disk);
  for (let index = 0; index < 50; index++) {
    await store.append({ frames: frame('busy') });
    await disk.advanceAsync(PACE.idleMs / 2);
  }
  expect(store.status().scrub).toMatchObject({ position: null, bytesVerified: 0 });
  await disk.advanceAsync(PACE.idleMs + SLICE_MS / 2);
  const { bytesVerified } = store.status().scrub!;
  // A slice goes on to the end of its last batch.
  expect(bytesVerified).toBeGreaterThan(0);
  expect(bytesVerified).toBeLessThan(2 * (SCRUB_SLICE_BYTES + 66_560));
});

test('closed half-way and opened again: the pass goes on from there', async () => {
  const disk = new SimulatedDisk({ seed: 6 });
  const { store } = await filled(disk);
  rot(disk, store, 3);
  rot(disk, store, 60);
  await disk.advanceAsync(PACE.idleMs + 4 * SLICE_MS);
  const { position } = store.status().scrub!;
  expect(position).toBeGreaterThan(20);
  expect(position).toBeLessThan(60);
  await store.close();
  const again = await open(disk);
  await disk.advanceAsync(5_000);
  expect(again.store.status().scrub!.bytesVerified).toBeLessThan((64 - 20) * 16_100);
  expect(again.damage).toEqual([{ from: 60, to: 60, proof: 'read' }]);
});

test('history is retired under a pass: it goes on with what is there', async () => {
  const disk = new SimulatedDisk({ seed: 7 });
  const { store, damage } = await filled(disk);
  await disk.advanceAsync(PACE.idleMs + SLICE_MS);
  await store.checkpoint(new Uint8Array(10), 50);
  await store.trim(50);
  await disk.advanceAsync(5_000);
  expect(damage).toEqual([]);
  expect(store.status().scrub!.lastCompletedAtMs).toBeGreaterThan(0);
});

test('a read that fails interrupts the pass; appends go on in the same generation', async () => {
  const disk = new SimulatedDisk({ seed: 8 });
  const { store, damage } = await filled(disk);
  const { generation } = store.status();
  const fault = disk.inject({ on: 'read', path: FILE, effect: { throws: 'io' }, sticky: true });
  await disk.advanceAsync(2_000);
  expect(store.status()).toMatchObject({ state: 'open', generation, scrub: { position: null } });
  fault.cancel();
  await disk.advanceAsync(120_000);
  expect(store.status().scrub!.lastCompletedAtMs).toBeGreaterThan(0);
  expect(damage).toEqual([]);
});

test('turned off: nothing is read; on demand everything is', async () => {
  const disk = new SimulatedDisk({ seed: 9 });
  const { store, damage } = await filled(disk, { scrub: false });
  rot(disk, store, 33);
  await disk.advanceAsync(120_000);
  expect(store.status().scrub).toMatchObject({ bytesVerified: 0, lastCompletedAtMs: 0 });
  const seen: (number | null)[] = [];
  const done = store.scrub(undefined, ({ position }) => seen.push(position));
  await disk.advanceAsync(1_000);
  expect((await done).damage).toEqual([{ from: 33, to: 33, proof: 'read' }]);
  expect(seen.length).toBeGreaterThan(5);
  expect(damage).toHaveLength(1);
  const reason = new Error('enough');
  const stopped = store.scrub(AbortSignal.abort(reason));
  await expect(stopped).rejects.toBe(reason);
});

test.each([true, null, 'slow', {}, { everyMs: 0, idleMs: 1, bytesPerSecond: 1 }])(
  'a pace that is none is refused where a store is asked for: %j',
  (scrub) => {
    expect(() => completeRequest({ scrub } as never)).toThrow(/BAD_ARGUMENT/);
    expect(completeRequest({ scrub: false }).scrub).toBe(false);
  },
);

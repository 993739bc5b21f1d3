/** The picture of a volume's metadata, held against what the volume says of itself by other ways. */
import { writeU32 } from '@varve/bytes';
import { createMemoryHost } from '@varve/files/memory';
import { describe, expect, test } from 'vitest';
import { EMPTY_TREE } from './exceptions.ts';
import type { VolumeLayout } from '@varve/protocol';
import { openVolume, type Volume } from './index.ts';
import { layoutOf } from './layout.ts';
import { metadataOf } from './metadata.ts';
import { EMPTY_RADIX } from './radix.ts';
import { VolumeState } from './state.ts';
import { VolumeFiles } from './volume-files.ts';

const CHUNK = 512;
const CHUNKS = 3_000;
const OPTIONS = {
  sizeBytes: CHUNKS * CHUNK,
  chunkSizeBytes: CHUNK,
  segmentSizeBytes: 65_536,
  directBytes: CHUNK,
};

const filled = (chunks: number, byte: number): Uint8Array =>
  new Uint8Array(chunks * CHUNK).fill(byte);
const open = (options = {}): Promise<Volume> =>
  openVolume(createMemoryHost(), 'v', { ...OPTIONS, ...options });
const pictureOf = (volume: Volume): VolumeLayout => layoutOf(volume.metadata(0, Infinity));
const letters = ({ pool }: VolumeLayout, letter: string): number =>
  pool.uses.split(letter).length - 1;

type MapLayout = VolumeLayout['maps']['origin'];

/** By all leaves together. */
const held = ({ list }: MapLayout, field: 'entries' | 'values' | 'shared'): number =>
  list.reduce((sum, block) => sum + (block.level > 0 ? 0 : block[field]), 0);

/** What must be so of every picture of a sound volume. */
function expectAgreement(volume: Volume, layout: VolumeLayout): void {
  const status = volume.status();
  const { maps, pool, places } = layout;
  expect(pool.uses).toHaveLength(pool.extentChunks);
  expect(letters(layout, 'q')).toBe(status.quarantinedChunks);
  expect(letters(layout, '?')).toBe(0);
  expect(pool.extentChunks - letters(layout, '.') - letters(layout, 'q')).toBe(status.usedChunks);
  expect(held(maps.exceptions, 'entries')).toBe(status.exceptions);
  expect(places).toHaveLength(status.metaBlocks.used + status.metaBlocks.free);
  expect(places.replaceAll('.', '')).toHaveLength(status.metaBlocks.used);
  const states = volume.map(0, CHUNKS);
  const mapped = states.filter(({ origin }) => origin !== 'hole').length;
  const shared = states.filter(({ origin }) => origin === 'shared').length;
  if (status.work.length === 0) {
    expect(held(maps.origin, 'entries')).toBe(mapped);
    expect(held(maps.origin, 'shared')).toBe(shared);
  }
  for (const map of Object.values(maps)) expectTree(map);
}

function expectTree({ list, damaged, height }: MapLayout): void {
  expect(damaged).toBe(0);
  const below = list.reduce((sum, { level, entries }) => sum + (level > 0 ? entries : 0), 0);
  expect(below).toBe(Math.max(0, list.length - 1));
  let end = 0;
  for (const { level, from, to, fill, isDamaged } of list) {
    expect(level).toBeLessThan(height);
    expect(isDamaged).toBe(false);
    expect(fill).toBeLessThanOrEqual(1);
    expect(to).toBeGreaterThanOrEqual(from);
    if (level > 0) continue;
    expect(from).toBeGreaterThanOrEqual(end);
    end = to;
  }
}

describe('the picture of a volume', () => {
  test('that is empty has no block and no chunk', async () => {
    const volume = await open();
    const layout = pictureOf(volume);
    expectAgreement(volume, layout);
    expect(layout.locks).toEqual({ isHeld: false, waiting: 0, longReads: 0 });
    await volume.close();
  });

  test('tells who has each chunk, before a checkpoint and after', async () => {
    const volume = await open();
    await volume.write(0, filled(4, 1));
    expect(pictureOf(volume).pool.uses).toBe('oooo');
    await volume.snapshot('one');
    expect(pictureOf(volume).pool.uses).toBe('++++');
    await volume.write(CHUNK, filled(1, 2));
    expect(pictureOf(volume).pool.uses).toBe('+s++o');
    await volume.snapshot('two');
    await volume.write(2 * CHUNK, filled(1, 3));
    const before = pictureOf(volume);
    expectAgreement(volume, before);
    expect(before.pool.uses).toBe('+ss++o');
    expect(before.snapshots).toMatchObject([
      { name: 'one', bit: 0, ownChunks: 1 },
      { name: 'two', bit: 1, ownChunks: 0 },
    ]);
    expect(before.maps.exceptions.list).toMatchObject([{ entries: 2, values: 2, shared: 1 }]);
    expect(before.maps.origin.list).toMatchObject([{ place: 0 }]);
    await volume.checkpoint();
    const after = pictureOf(volume);
    expectAgreement(volume, after);
    expect(after.pool).toEqual(before.pool);
    expect([...after.places].sort().join('')).toBe('eor');
    expect(after.maps.origin.list[0]!.place).toBeGreaterThan(0);
    await volume.close();
  });

  test('shows what was freed in quarantine until a checkpoint, and free behind it', async () => {
    const volume = await open();
    await volume.write(0, filled(3, 1));
    await volume.checkpoint();
    await volume.trim(CHUNK, CHUNK);
    expect(pictureOf(volume).pool.uses).toBe('oqo');
    expect(pictureOf(volume).places).toContain('x');
    await volume.checkpoint();
    expect(pictureOf(volume).pool.uses).toBe('o.o');
    expect(pictureOf(volume).places).not.toContain('x');
    await volume.close();
  });

  test('says of equal chunks that several have them', async () => {
    const volume = await open({ dedup: true });
    await volume.write(0, filled(1, 1));
    await volume.write(CHUNK, filled(1, 1));
    const layout = pictureOf(volume);
    expect(layout.pool.uses).toBe('+');
    expect(layout.maps.references.list).toMatchObject([{ entries: 1, shared: 1 }]);
    expect(layout.maps.origin.list).toMatchObject([{ entries: 2, shared: 0 }]);
    await volume.close();
  });

  test('agrees with the volume after a few thousand writes, snapshots, deletions', async () => {
    const volume = await open({ capacityBytes: 4 * CHUNKS * CHUNK });
    let seed = 7;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return seed % below;
    };
    for (let round = 0; round < 12; round++) {
      await volume.snapshot(`s${round}`);
      for (let write = 0; write < 150; write++) {
        await volume.write(random(CHUNKS - 4) * CHUNK, filled(1 + random(4), random(255)));
      }
      if (round % 3 === 2) await volume.deleteSnapshot(`s${round - 1}`);
      if (round === 6) await volume.restore('s3');
      if (round % 2 === 0) await volume.checkpoint();
      expectAgreement(volume, pictureOf(volume));
    }
    expect(pictureOf(volume).maps.exceptions.height).toBe(2);
    await volume.close();
  });

  test('does not call a chunk free that somebody has and nobody counts', async () => {
    const root = createMemoryHost().root;
    const data = await root.openFile('data', { create: true });
    const meta = await root.openFile('meta', { create: true });
    const header = {
      seed: 1,
      chunkBytes: CHUNK,
      capacityChunks: 10,
      sizeBytes: CHUNKS * CHUNK,
      origin: EMPTY_RADIX,
      references: EMPTY_RADIX,
      exceptions: EMPTY_TREE,
      exceptionCount: 0,
      pool: { extentChunks: 3, usedChunks: 1, nextPhysical: 3 },
      deleteCursor: 0,
      restore: undefined,
      snapshots: [],
    };
    const state = new VolumeState(header, new VolumeFiles(data, meta), 65_536);
    writeU32(state.origin.writableLeafOf(5).bytes, state.origin.offsetOf(5), 2);
    expect(layoutOf(metadataOf(state, 0, Infinity)).pool.uses).toBe('.?.');
  });

  test('is made of copies: whoever has them may do with them what they like', async () => {
    const volume = await open();
    await volume.write(0, filled(3, 1));
    for (const { bytes } of volume.metadata(0, Infinity).blocks) bytes?.fill(0);
    expect(await volume.check()).toMatchObject({ ok: true });
    expect(pictureOf(volume).pool.uses).toBe('ooo');
    await volume.close();
  });

  test('is made of metadata that may come piece by piece', async () => {
    const volume = await open();
    await volume.write(0, filled(CHUNKS, 1));
    const whole = volume.metadata(0, Infinity);
    const [first, rest] = [volume.metadata(0, 4), volume.metadata(4, 1_000)];
    expect(first.blocks).toHaveLength(4);
    expect(first.blocksTotal).toBe(whole.blocks.length);
    expect([...first.blocks, ...rest.blocks]).toEqual(whole.blocks);
    expect(volume.metadata(1_000, 5).blocks).toEqual([]);
    await volume.close();
  });

  test('changes nothing, and takes no room in the cache but for nodes', async () => {
    const volume = await open({ cacheBytes: 0 });
    await volume.write(0, filled(CHUNKS, 1));
    await volume.checkpoint();
    const before = volume.status();
    pictureOf(volume);
    expect(volume.status().metaBlocks).toEqual(before.metaBlocks);
    expect(volume.status().counters).toEqual(before.counters);
    expect(volume.status().cache.bytes).toBeLessThanOrEqual(16 * 4_096);
    await volume.close();
  });

  test('tells of a long read that is under way, and of changes that a restore holds up', async () => {
    const volume = await openVolume(createMemoryHost(), 'v', {
      ...OPTIONS,
      sizeBytes: 4 * 1_048_576,
      stepExceptions: 1,
    });
    const reading = volume.readInto(new Uint8Array(3 * 1_048_576), { at: 0 });
    expect(pictureOf(volume).locks).toMatchObject({ isHeld: false, longReads: 1 });
    await reading;
    expect(pictureOf(volume).locks).toMatchObject({ longReads: 0 });
    await volume.write(0, filled(8, 1));
    await volume.snapshot('one');
    for (let chunk = 0; chunk < 8; chunk++) await volume.write(chunk * CHUNK, filled(1, 2));
    const restored = volume.restore('one');
    const written = volume.write(0, filled(1, 3));
    expect(pictureOf(volume).locks).toMatchObject({ isHeld: true, waiting: 1 });
    await Promise.all([restored, written]);
    expect(pictureOf(volume).locks).toMatchObject({ isHeld: false, waiting: 0 });
    await volume.close();
  });
});

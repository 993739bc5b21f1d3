/** What every way to a volume must do: memory, Node's files, a browser's. */
import { expect } from 'vitest';
import type { OpenVolumeOptions, Volume } from '../volume-api.ts';

type Open = (name: string, options?: OpenVolumeOptions) => Promise<Volume>;

const MIB = 1024 * 1024;
export const SMALL: OpenVolumeOptions = { sizeBytes: 4 * MIB, segmentSizeBytes: 64 * 1024 };

/** Bytes that say where they are and which writing they are of. */
export function pattern(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >> 8) + seed * 97) & 255;
  return bytes;
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export const volumeCases: Readonly<Record<string, (open: Open) => Promise<void>>> = {
  'what was written is there after closing and opening again': async (open) => {
    const first = await open('kept', SMALL);
    await first.write(5000, pattern(10_000, 1));
    await first.write(0, pattern(100, 2));
    await first.close();
    const second = await open('kept');
    expect(await second.read(5000, 10_000)).toEqual(pattern(10_000, 1));
    expect(await second.read(0, 100)).toEqual(pattern(100, 2));
    expect(await second.read(100, 50)).toEqual(new Uint8Array(50));
    expect(await second.status()).toMatchObject({ name: second.name, sizeBytes: 4 * MIB });
    await second.close();
  },

  'an atomic group is one: all of it, in order': async (open) => {
    const volume = await open('group', SMALL);
    await volume.write(0, pattern(20_000, 3));
    const result = await volume.atomic((tx) => {
      tx.write(0, pattern(4096, 4));
      tx.trim(8192, 4096);
      tx.write(100, pattern(10, 5));
      return 'done';
    });
    expect(result).toBe('done');
    const expected = pattern(20_000, 3);
    expected.set(pattern(4096, 4));
    expected.fill(0, 8192, 12_288);
    expected.set(pattern(10, 5), 100);
    expect(await volume.read(0, 20_000)).toEqual(expected);
    await volume.close();
  },

  'a group whose function throws leaves nothing': async (open) => {
    const volume = await open('thrown', SMALL);
    const failing = volume.atomic((tx) => {
      tx.write(0, pattern(10, 1));
      throw new RangeError('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await volume.read(0, 10)).toEqual(new Uint8Array(10));
    await volume.close();
  },

  'a snapshot and the volume do not see each other’s writes': async (open) => {
    const volume = await open('snapshot', SMALL);
    await volume.write(0, pattern(9000, 1));
    const snapshot = await volume.snapshot('before');
    expect(snapshot).toMatchObject({ name: 'before', sizeBytes: 4 * MIB });
    await volume.write(4000, pattern(1000, 2));
    await snapshot.write(0, pattern(50, 3));
    const kept = pattern(9000, 1);
    kept.set(pattern(50, 3));
    expect(await snapshot.read(0, 9000)).toEqual(kept);
    const origin = pattern(9000, 1);
    origin.set(pattern(1000, 2), 4000);
    expect(await volume.read(0, 9000)).toEqual(origin);
    expect((await volume.snapshots()).map(({ name }) => name)).toEqual(['before']);
    await volume.close();
  },

  'restoring brings the snapshot back; deleting it keeps what was restored': async (open) => {
    const volume = await open('restored', SMALL);
    await volume.write(0, pattern(300_000, 1));
    await volume.snapshot('good');
    await volume.write(0, pattern(300_000, 2));
    await volume.snapshot('bad');
    await volume.restore('good');
    expectBytes(await volume.read(0, 300_000), pattern(300_000, 1));
    await volume.deleteSnapshot('good');
    await volume.deleteSnapshot('bad');
    expect(await volume.snapshots()).toEqual([]);
    expectBytes(await volume.read(0, 300_000), pattern(300_000, 1));
    expect(await volume.check()).toMatchObject({ ok: true, findings: [] });
    await volume.close();
  },

  'a difference names the ranges that differ and no others': async (open) => {
    const volume = await open('difference', SMALL);
    await volume.write(0, pattern(100_000, 1));
    await volume.snapshot('a');
    await volume.write(8192, pattern(4096, 2));
    await volume.write(40_960, pattern(8192, 2));
    await volume.snapshot('b');
    expect(await collect(volume.diff('a', 'b'))).toEqual([
      { at: 8192, length: 4096 },
      { at: 40_960, length: 8192 },
    ]);
    expect(await collect(volume.diff('b'))).toEqual([]);
    await volume.close();
  },

  'its metadata is told as it stands': async (open) => {
    const volume = await open('drawn', SMALL);
    await volume.write(0, pattern(100_000, 1));
    await volume.snapshot('a');
    await volume.write(8192, pattern(4096, 2));
    const before = await volume.metadata();
    expect(before).toMatchObject({
      blocksTotal: 3,
      chunkSizeBytes: 4096,
      extentChunks: 26,
      quarantine: [],
      snapshots: [{ name: 'a', bit: 0, isDying: false }],
      locks: { isHeld: false, waiting: 0, longReads: 0 },
    });
    expect(before.blocks.map(({ kind, level }) => [kind, level])).toEqual([
      [3, 0],
      [1, 0],
      [2, 0],
    ]);
    for (const { place, bytes } of before.blocks) expect([place, bytes?.length]).toEqual([0, 4096]);
    // What was handed out is the caller's.
    for (const { bytes } of before.blocks) bytes?.fill(0);
    expect(await volume.check()).toMatchObject({ ok: true });
    await volume.checkpoint();
    const places = (await volume.metadata()).blocks.map(({ place }) => place);
    expect(places.toSorted()).toEqual([1, 2, 3]);
    await volume.close();
  },

  'who does not wait for its calls sees in each what came before it, and nothing later': async (
    open,
  ) => {
    const volume = await open('ordered', SMALL);
    await volume.write(0, pattern(200_000, 1));
    await volume.snapshot('then');
    await volume.write(0, pattern(200_000, 2));
    // Changes wait for its end.
    const restored = volume.restore('then');
    const changes = [volume.write(0, pattern(100, 3)), volume.snapshot('now')];
    const looks = [volume.read(0, 200), volume.snapshots(), collect(volume.diff('then'))] as const;
    changes.push(volume.write(0, pattern(100, 4)));
    const [bytes, snapshots, ranges] = await Promise.all(looks);
    expect(bytes.subarray(0, 100)).toEqual(pattern(100, 3));
    expect(snapshots.map(({ name }) => name)).toEqual(['then', 'now']);
    expect(ranges.map(({ at }) => at)).toEqual([0]);
    await Promise.all([restored, ...changes]);
    expect(await volume.read(0, 100)).toEqual(pattern(100, 4));
    await volume.close();
  },

  'whoever stops waiting for what takes its time does not know what became of it': async (open) => {
    const volume = await open('aborted', SMALL);
    await volume.write(0, pattern(100_000, 1));
    await volume.snapshot('old');
    await volume.write(0, pattern(100_000, 2));
    const told = { code: 'ABORTED', outcome: 'unknown' };
    for (const long of ['restore', 'deleteSnapshot'] as const) {
      const abort = new AbortController();
      const working = volume[long]('old', { signal: abort.signal });
      abort.abort();
      await expect(working).rejects.toMatchObject(told);
    }
    const before = volume.restore('old', { signal: AbortSignal.abort() });
    await expect(before).rejects.toMatchObject({ code: 'ABORTED', outcome: 'not-written' });
    await volume.close();
  },

  'more than a message goes there and back in one call': async (open) => {
    const volume = await open('large', { sizeBytes: 16 * MIB });
    const bytes = pattern(9 * MIB + 123, 7);
    await volume.write(777, bytes);
    const read = await volume.read(777, bytes.length);
    expectBytes(read, bytes);
    const short = new Uint8Array(4096);
    expect(await volume.readInto(short, { at: 16 * MIB - 100 })).toBe(100);
    await volume.close();
  },

  'a growing volume keeps what it has; a shrinking one lets go of the rest': async (open) => {
    const volume = await open('resized', SMALL);
    await volume.write(0, pattern(50_000, 1));
    await volume.resize(8 * MIB);
    await volume.write(8 * MIB - 10, pattern(10, 2));
    expect(await volume.read(8 * MIB - 10, 10)).toEqual(pattern(10, 2));
    await volume.resize(8192);
    await volume.resize(4 * MIB);
    expect(await volume.read(0, 8192)).toEqual(pattern(50_000, 1).slice(0, 8192));
    expect(await volume.read(8192, 1000)).toEqual(new Uint8Array(1000));
    expect(await volume.check()).toMatchObject({ ok: true });
    await volume.close();
  },
};

/** `toEqual` is slow to compare, and slow to print, in hundreds of thousands. */
export function expectBytes(found: Uint8Array, wanted: Uint8Array): void {
  expect(found.length).toBe(wanted.length);
  const at = found.findIndex((byte, index) => byte !== wanted[index]);
  expect({ firstDifference: at }).toEqual({ firstDifference: -1 });
}

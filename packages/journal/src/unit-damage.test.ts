/** A fragment at the end of a segment rots: its unit's end can still be reached, by the next header. */
import type { Directory, Host } from '@varve/files';
import { SimulatedDisk } from '@varve/files/simulated';
import type { BatchLayout } from '@varve/protocol';
import { expect, test } from 'vitest';
import { frame } from '../conformance/records.ts';
import { SLOTS_START } from './format.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';

const FILE = 's/journal';
const OPTIONS = { segmentSizeBytes: 4_096, maxStateBytes: 1_024 } as const;

async function killed(kind: 'record' | 'group'): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({ seed: 5 });
  const store = await openStore(disk.host(), 's', OPTIONS);
  await store.append({ frames: frame('before') });
  const pieces = Array.from({ length: 9 }, (_, i) => frame(`piece ${i}`, 900));
  const frames = kind === 'record' ? frame('large', 8_000) : join(pieces);
  await store.append({ frames });
  // Killed before the mark that would prove it.
  store.abandon();
  return disk;
}

function fragmentsOf(store: Store): (BatchLayout & { readonly slot: number })[] {
  return store
    .layout()
    .slots.flatMap(({ slot }) => store.batches(slot).map((batch) => ({ ...batch, slot })))
    .filter(({ kind }) => kind === 'fragment');
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

test.each([
  ['record', { from: 2, to: 2 }],
  ['group', { from: 2, to: 10 }],
] as const)(
  'what is about to be written again is a %s with such a unit: it is named, the store opens read-only',
  async (kind, range) => {
    const disk = await killed(kind);
    const store = await openStore(disk.host(), 's', { ...OPTIONS, readOnly: true });
    const fragments = fragmentsOf(store);
    await store.close();
    expect(fragments.length).toBeGreaterThan(1);
    let named = 0;
    for (const { slot, offset, bytes } of fragments) {
      const image = await killed(kind);
      image.poke(
        FILE,
        new Uint8Array(bytes),
        SLOTS_START + slot * OPTIONS.segmentSizeBytes + offset,
      );
      const opened = await openStore(image.host(), 's', OPTIONS);
      const { damage, rows } = opened.status().recovery;
      const { state } = opened.status();
      if (damage.length > 0) {
        expect([state, damage]).toMatchObject(['read-only', [range]]);
        expect(rows).toContain('proven-damage');
        named++;
      } else {
        // The scan stopped at it: the last window, which is said.
        expect(opened.status().recovery.tailUncertain).toMatchObject({ from: 2 });
      }
      await opened.close();
    }
    expect(named).toBeGreaterThan(0);
  },
);

test('records before a damaged group are given first, and only the group is missing', async () => {
  const disk = new SimulatedDisk({ seed: 6 });
  const store = await openStore(disk.host(), 's', { ...OPTIONS, segmentSizeBytes: 65_536 });
  for (const text of ['one', 'two', 'three']) await store.append({ frames: frame(text) });
  await store.append({ frames: join(Array.from({ length: 90 }, () => frame('group', 900))) });
  await store.append({ frames: frame('after') });
  const { slot, offset, bytes } = fragmentsOf(store)[0]!;
  const at = SLOTS_START + slot * 65_536 + offset + bytes - 100;
  disk.poke(FILE, Uint8Array.of(disk.peek(FILE, at, 1)[0]! ^ 1), at);
  await store.close();
  const again = await openStore(disk.host(), 's', { ...OPTIONS, readOnly: true });
  const lsns = (after: number): number[] =>
    again
      .readChunk({ after, maxBytes: 1_000_000 })
      .runs.flatMap(({ firstLsn, count }) => Array.from({ length: count }, (_, i) => firstLsn + i));
  expect(lsns(0)).toEqual([1, 2, 3]);
  expect(() => lsns(3)).toThrow(
    expect.objectContaining({ facts: expect.objectContaining({ from: 4, to: 93 }) }),
  );
  expect(lsns(93)).toEqual([94]);
  expect([...again.salvage()].filter((piece) => 'from' in piece)).toMatchObject([
    { from: 4, to: 93 },
  ]);
});

/** `rot` happens as soon as the store that is being opened flushes: what recovery looked at is over then. */
function rottingHost(disk: SimulatedDisk, rot: () => void): Host {
  const host = disk.host();
  const rotting = (inner: Directory): Directory => ({
    openFile: async (name, options) => {
      const file = await inner.openFile(name, options);
      return {
        read: (into, at) => file.read(into, at),
        write: (bytes, at) => file.write(bytes, at),
        truncate: (size) => file.truncate(size),
        getSize: () => file.getSize(),
        close: () => file.close(),
        flush: () => {
          rot();
          file.flush();
        },
      };
    },
    hasFile: (name) => inner.hasFile(name),
    removeFile: (name) => inner.removeFile(name),
    removeDirectory: (name) => inner.removeDirectory(name),
    list: () => inner.list(),
    async directory(name, options) {
      const child = await inner.directory(name, options);
      return child && rotting(child);
    },
  });
  return { ...host, root: rotting(host.root) };
}

test('a fragment rots between the look at it and its being written again: CORRUPT names the group', async () => {
  const disk = new SimulatedDisk({ seed: 5 });
  const options = { ...OPTIONS, segmentSizeBytes: 1_048_576 };
  const store = await openStore(disk.host(), 's', options);
  await store.append({ frames: frame('before') });
  await store.append({ frames: join(Array.from({ length: 40 }, () => frame('piece', 8_000))) });
  const [fragment] = fragmentsOf(store);
  store.abandon();
  const rot = (): void => disk.poke(FILE, new Uint8Array(100), SLOTS_START + fragment!.offset);
  await expect(openStore(rottingHost(disk, rot), 's', options)).rejects.toMatchObject({
    code: 'CORRUPT',
    facts: { from: 2 },
  });
});

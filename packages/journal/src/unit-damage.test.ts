/** A fragment at the end of a segment rots: its unit's end can still be reached, by the next header. */
import { SimulatedDisk } from '@varve/files/simulated';
import { expect, test } from 'vitest';
import { frame } from '../conformance/records.ts';
import { SLOTS_START } from './format.ts';
import { openStore } from './open-store.ts';

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
    const fragments = store
      .layout()
      .slots.flatMap(({ slot }) => store.batches(slot).map((batch) => ({ ...batch, slot })))
      .filter((batch) => batch.kind === 'fragment');
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

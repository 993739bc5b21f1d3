/** What a search by the platform finds is what a look at each place would find. */
import { readU32, writeU32 } from '@varve/bytes';
import { SimulatedDisk } from '@varve/files/simulated';
import { recordFrameBytes, writeRecordFrame } from '@varve/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Blocks } from './blocks.ts';
import { BATCH_MAGIC } from './format.ts';
import { geometryOf, slotStart } from './geometry.ts';
import type { Journal } from './journal.ts';
import { batchesBeyond, hasBytesBeyond } from './lookahead.ts';
import { openStore } from './open-store.ts';
import { type LogView, Scanner } from './scanner.ts';
import { beginningOf, type Segment } from './segment.ts';

const SEGMENT_BYTES = 1 << 20;
/** The smallest window that takes any batch: the segment has eight. */
const WINDOW_BYTES = 131_072;

/** A payload that looks like the beginning of a batch, again and again, `shift` bytes out of step. */
function decoy(bytes: number, shift: number): Uint8Array {
  const payload = new Uint8Array(bytes);
  for (let at = shift; at + 4 <= bytes; at += 4) writeU32(payload, at, BATCH_MAGIC);
  return payload;
}

function frameOf(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(recordFrameBytes(0, payload.length));
  writeRecordFrame(frame, 0, 64, 0, payload);
  return frame;
}

async function storeOf(
  alignmentBytes: 16 | 4_096,
): Promise<{ disk: SimulatedDisk; journal: Journal; blocks: Blocks }> {
  const disk = new SimulatedDisk({ seed: 1 });
  const options = { segmentSizeBytes: SEGMENT_BYTES, alignmentBytes, scrub: false } as const;
  const store = await openStore(disk.host(), 's', options);
  for (let n = 0; n < 60; n++) {
    // Some begin where a window ends, or stand across it; behind every second nothing looks like a batch.
    const bytes = 300 + 227 * n + (n % 7 === 0 ? 9_000 : 0);
    const payload = n % 2 === 0 ? decoy(bytes, n % 4) : new Uint8Array(bytes);
    await store.append({ frames: frameOf(payload) });
  }
  const { journal, file } = store.openedJournal!;
  return { disk, journal: journal!, blocks: new Blocks(file, journal!.geometry, WINDOW_BYTES) };
}

function placesOneByOne(journal: Journal, blocks: Blocks, segment: Segment): number[] {
  const scanner = new Scanner(journal, blocks, beginningOf(segment, journal.geometry));
  const { alignment, firstOffset } = journal.geometry;
  const limit = journal.limit(segment);
  const places: number[] = [];
  for (let at = firstOffset; at + 4 <= limit; at += alignment) {
    blocks.ensure(segment, at, 4, limit);
    if (readU32(blocks.bytes, blocks.at) === BATCH_MAGIC && scanner.countsAt(segment, at))
      places.push(at);
  }
  return places;
}

test.each([16, 4_096] as const)(
  'every batch is found, aligned to %d bytes, and no decoy',
  async (alignment) => {
    const { journal, blocks } = await storeOf(alignment);
    const segment = journal.segment(1)!;
    const expected = placesOneByOne(journal, blocks, segment);
    expect(expected.length).toBeGreaterThanOrEqual(60);
    expect(expected.at(-1)).toBeGreaterThan(2 * WINDOW_BYTES);
    for (const from of [0, 1, 17, expected.length - 1]) {
      const found = [...batchesBeyond(journal, blocks, segment, expected[from]!)];
      expect(found.map(({ point }) => point.offset)).toEqual(expected.slice(from));
      const behind = expected[from]! + alignment;
      const later = [...batchesBeyond(journal, blocks, segment, behind)];
      expect(later.map(({ point }) => point.offset)).toEqual(expected.slice(from + 1));
    }
  },
);

test('a batch that begins where a window of zeros ends is found', async () => {
  const { disk, journal, blocks } = await storeOf(4_096);
  const segment = journal.segment(1)!;
  const places = placesOneByOne(journal, blocks, segment);
  const last = places.at(-1)!;
  const from = last - WINDOW_BYTES;
  disk.poke('s/journal', new Uint8Array(WINDOW_BYTES), slotStart(journal.geometry, 0) + from);
  blocks.clear();
  const found = [...batchesBeyond(journal, blocks, segment, from)];
  expect(found.map(({ point }) => point.offset)).toEqual([last]);
});

test('one byte that is not zero is seen wherever it stands, and none beyond the limit', () => {
  const geometry = geometryOf(SEGMENT_BYTES, 16);
  const file = new Uint8Array(slotStart(geometry, 1));
  const blocks = new Blocks(
    {
      read(into, { at }) {
        into.set(file.subarray(at, at + into.length));
        return into.length;
      },
    } as ConstructorParameters<typeof Blocks>[0],
    geometry,
    WINDOW_BYTES,
  );
  const segment = { header: { slot: 0 } } as Segment;
  const word = fc.nat({ max: SEGMENT_BYTES / 4 - 1 });
  const property = (at: number, from: number, limit: number, byte: number): void => {
    blocks.clear();
    file[slotStart(geometry, 0) + at] = byte;
    const view: LogView = {
      geometry,
      lastGeneration: 1,
      segment: () => segment,
      limit: () => limit,
      follow: () => undefined,
    };
    const isSeen = hasBytesBeyond(view, blocks, segment, 4 * from);
    file[slotStart(geometry, 0) + at] = 0;
    expect(isSeen).toBe(at >= 4 * from && at < limit);
  };
  const place = fc.nat({ max: SEGMENT_BYTES - 1 });
  const limit = fc.integer({ min: 1, max: SEGMENT_BYTES });
  fc.assert(fc.property(place, word, limit, fc.constantFrom(1, 128, 255), property), {
    numRuns: 300,
  });
  for (const at of [0, 1, 31, 32, WINDOW_BYTES - 1, WINDOW_BYTES, SEGMENT_BYTES - 1]) {
    property(at, 0, SEGMENT_BYTES, 128);
    property(at, at >> 2, at + 1, 1);
    property(at, 0, at, 1);
  }
});

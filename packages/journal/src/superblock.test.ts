/** Superblocks: what is written is what is read, field by field, and what makes no sense is refused. */
import { SimulatedDisk } from '@varve/files/simulated';
import { describe, expect, test } from 'vitest';
import { FORMAT_VERSION, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN } from './format.ts';
import { readSuperblocks, SuperblockPair } from './superblock-pair.ts';
import { assertUsable, decodeSuperblock, encodeSuperblock, type Superblock } from './superblock.ts';

const idOf = (first: number): Uint8Array => Uint8Array.from({ length: 16 }, (_, i) => first + i);

/** No two fields are alike, and none is zero. */
const BLOCK: Superblock = {
  formatVersion: FORMAT_VERSION,
  compat: 11,
  readOnlyCompat: 12,
  incompat: 13,
  seedId: idOf(20),
  lineageId: idOf(40),
  lineageParent: idOf(60),
  lineageParentGeneration: 14,
  lineageParentLsn: 2 ** 40 + 15,
  incarnation: idOf(80),
  clean: true,
  sequence: 2 ** 40 + 16,
  generation: 17,
  segmentBytes: 65_536,
  alignment: 4_096,
  slotCount: 18,
  firstSegment: 2 ** 40 + 19,
  firstLsn: 2 ** 40 + 20,
  lowWater: 2 ** 40 + 21,
  scanStart: {
    segment: 2 ** 40 + 22,
    offset: 23,
    generation: 24,
    lastLsn: 2 ** 40 + 25,
    chain: 26,
  },
  stateSegment: 2 ** 40 + 27,
  stateOffset: 28,
  coveredLsn: 2 ** 40 + 29,
  durableLsn: 2 ** 40 + 30,
  createdAtMs: 2 ** 40 + 31,
  writtenAtMs: 2 ** 40 + 32,
  scrubSegment: 2 ** 40 + 33,
  scrubbedAtMs: 2 ** 40 + 34,
  clientsKept: true,
  clientsSegment: 2 ** 40 + 35,
  clientsOffset: 36,
};

test.each([
  [0, true],
  [0, false],
  [1, true],
  [1, false],
] as const)('at place %i, clean %s: every field comes back', (place, clean) => {
  const block = { ...BLOCK, clean };
  const bytes = encodeSuperblock(block, place);
  expect(decodeSuperblock(bytes, place)).toEqual(block);
  expect(decodeSuperblock(bytes, place === 0 ? 1 : 0)).toBeUndefined();
});

describe('one that verifies', () => {
  const usable = { ...BLOCK, incompat: 0 };
  const GOOD: Partial<Superblock>[] = [
    {},
    { segmentBytes: SEGMENT_BYTES_MIN, alignment: 16 },
    { segmentBytes: SEGMENT_BYTES_MAX },
    { segmentBytes: 16_384, alignment: 4_096 },
    { firstSegment: 1 },
  ];
  const BAD: Partial<Superblock>[] = [
    { segmentBytes: SEGMENT_BYTES_MIN / 2, alignment: 16 },
    { segmentBytes: SEGMENT_BYTES_MAX * 2 },
    { segmentBytes: 65_536 + 16 },
    { segmentBytes: 8_192, alignment: 4_096 },
    { alignment: 32 },
    { firstSegment: 0 },
    { coveredLsn: NaN },
  ];

  test.each(GOOD)('and makes sense is used: %o', (given) => {
    expect(() => assertUsable({ ...usable, ...given }, 's')).not.toThrow();
  });

  test.each(BAD)('and makes no sense is CORRUPT: %o', (given) => {
    expect(() => assertUsable({ ...usable, ...given }, 's')).toThrow(
      expect.objectContaining({ code: 'CORRUPT' }),
    );
  });

  test.each([{ formatVersion: FORMAT_VERSION + 1 }, { incompat: 1 }])(
    'and is newer is UNSUPPORTED_VERSION, never CORRUPT: %o',
    (given) => {
      expect(() => assertUsable({ ...usable, ...given, segmentBytes: 1 }, 's')).toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED_VERSION' }),
      );
    },
  );
});

describe('of two', () => {
  const FIRST = { ...BLOCK, incompat: 0, sequence: 5, firstSegment: 7 };
  const SECOND = { ...FIRST, sequence: 6, firstSegment: 8 };

  test.each([
    ['the newest is written first, then the older', [FIRST, SECOND], [1, 0, 1]],
    ['the newest is written first, then the older', [SECOND, FIRST], [0, 1, 0]],
    ['the lost one is written first', [undefined, FIRST], [0, 1, 0]],
    ['the lost one is written first', [FIRST, undefined], [1, 0, 1]],
  ] as const)('%s: %#', async (_, blocks, expected) => {
    const disk = new SimulatedDisk({ seed: 1 });
    const folder = await disk.host().root.directory('s', { create: true });
    const file = (await folder!.openFile('journal', { create: true }))!;
    const pair = new SuperblockPair(file, blocks);
    const places: number[] = [];
    let sequence = Math.max(...blocks.map((block) => block?.sequence ?? 0));
    for (const _place of expected) {
      pair.write({ ...FIRST, firstSegment: 9 });
      sequence++;
      places.push(pair.pair.findIndex((block) => block?.sequence === sequence));
      expect(readSuperblocks(file, 's').newest!.sequence).toBe(sequence);
    }
    expect(places).toEqual(expected);
    expect(pair.firstSegmentInBoth).toBe(9);
  });

  test('only what both say is gone is gone', async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const folder = await disk.host().root.directory('s', { create: true });
    const file = (await folder!.openFile('journal', { create: true }))!;
    const pair = new SuperblockPair(file, [FIRST, SECOND]);
    pair.write({ ...SECOND, firstSegment: 9 });
    expect(pair.firstSegmentInBoth).toBe(7);
    pair.write({ ...SECOND, firstSegment: 9 });
    expect(pair.firstSegmentInBoth).toBe(9);
  });
});

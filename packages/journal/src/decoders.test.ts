/**
 * Decoders over hostile bytes: random ones, and good ones with damage that a checksum is made to fit,
 * so that the fields behind it are reached.
 */
import { writeU32, xxh32 } from '@varve/bytes';
import { SeededRandom } from '@varve/files/simulated';
import {
  isVarveError,
  newRecordFrame,
  readRecordFrame,
  SystemType,
  writeRecordFrame,
} from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import {
  batchSeed,
  decodeBatchHeader,
  newBatchHeader,
  PLAIN_HEADER_BYTES,
  sealBatch,
} from './batch.ts';
import { decodeNext, decodeStart, findControlRecord } from './control.ts';
import {
  SEGMENT_HEADER_BYTES,
  SEGMENT_HEADER_LAYOUT,
  SUPERBLOCK_BYTES,
  SUPERBLOCK_LAYOUT,
} from './format.ts';
import { parsePosition } from './position.ts';
import { decodeSegmentHeader, encodeSegmentHeader } from './segment-header.ts';
import { assertUsable, decodeSuperblock, encodeSuperblock, type Superblock } from './superblock.ts';
import { readUnitDescriptor } from './unit-descriptor.ts';

const SEED = 20_261_121;
const ROUNDS = 40_000;
const zeros = (length: number): Uint8Array => new Uint8Array(length);

const SUPERBLOCK: Superblock = {
  formatVersion: 1,
  compat: 0,
  readOnlyCompat: 0,
  incompat: 0,
  seedId: zeros(16),
  lineageId: zeros(16),
  lineageParent: zeros(16),
  lineageParentGeneration: 0,
  lineageParentLsn: 0,
  incarnation: zeros(16),
  clean: true,
  sequence: 3,
  generation: 2,
  segmentBytes: 4_096,
  alignment: 16,
  slotCount: 4,
  firstSegment: 1,
  firstLsn: 1,
  lowWater: 1,
  scanStart: { segment: 1, offset: 112, generation: 1, lastLsn: 0, chain: 0 },
  stateSegment: 0,
  stateOffset: 0,
  coveredLsn: 0,
  durableLsn: 0,
  createdAtMs: 1,
  writtenAtMs: 1,
  scrubSegment: 3,
  scrubbedAtMs: 7,
  clientsKept: true,
  clientsSegment: 3,
  clientsOffset: 112,
};

/** Random bytes, or `good` with some of them replaced. */
function hostile(random: SeededRandom, good: Uint8Array): Uint8Array {
  const bytes = good.slice();
  if (random.below(8) === 0) random.fill(bytes);
  for (let edits = random.below(6); edits > 0; edits--) {
    const at = random.below(bytes.length);
    bytes[at] = random.below(3) === 0 ? 255 : random.next();
  }
  return bytes;
}

function typed(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!isVarveError(error)) throw error;
  }
}

describe(`hostile bytes (seed ${SEED}) give a refusal or fields in range, never another error`, () => {
  test('superblocks, with checksums that fit', () => {
    const random = new SeededRandom(SEED);
    const good = encodeSuperblock(SUPERBLOCK, 0);
    let usable = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = hostile(random, good);
      const at = SUPERBLOCK_LAYOUT.checksum[0];
      if (random.below(4) > 0) writeU32(bytes, at, xxh32(bytes, 0, at, 0x5641_5256));
      const block = decodeSuperblock(bytes, 0);
      if (block === undefined) continue;
      typed(() => {
        assertUsable(block, 's');
        usable++;
        expect(block.segmentBytes).toBeLessThanOrEqual(67_108_864);
        expect(Number.isSafeInteger(block.sequence + block.durableLsn)).toBe(true);
      });
    }
    expect(usable).toBeGreaterThan(ROUNDS / 10);
    expect(bytesOf(SUPERBLOCK_BYTES)).toHaveLength(SUPERBLOCK_BYTES);
  });

  test('segment headers, with checksums that fit', () => {
    const random = new SeededRandom(SEED + 1);
    const good = bytesOf(SEGMENT_HEADER_BYTES);
    const header = {
      slot: 0,
      segment: 1,
      generation: 1,
      salt: zeros(8),
      lastLsn: 0,
      previousEnd: 0,
    };
    encodeSegmentHeader(
      { ...header, previousChain: 0, oldestUnitSegment: 1, durableLsn: 0, wallTimeMs: 1 },
      zeros(16),
      good,
      0,
    );
    let accepted = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = hostile(random, good);
      const at = SEGMENT_HEADER_LAYOUT.checksum[0];
      if (random.below(4) > 0) writeU32(bytes, at, xxh32(bytes, 0, at, 0x5653_4547));
      const decoded = decodeSegmentHeader(bytes, zeros(16), 0);
      if (decoded === undefined) continue;
      accepted++;
      expect(decoded.slot).toBe(0);
      expect(Number.isSafeInteger(decoded.segment) && Number.isSafeInteger(decoded.lastLsn)).toBe(
        true,
      );
    }
    expect(accepted).toBeGreaterThan(ROUNDS / 10);
  });

  test('batch headers with extensions, with checksums that fit', () => {
    const random = new SeededRandom(SEED + 2);
    const into = newBatchHeader();
    let accepted = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const headerBytes = PLAIN_HEADER_BYTES + 4 * random.below(20);
      const bodyBytes = random.below(300);
      const good = bytesOf(headerBytes + bodyBytes);
      random.fill(good);
      const fields = {
        flags: random.below(18),
        count: 1,
        firstLsn: 1,
        durableLsn: 0,
        generation: 1,
        previousChecksum: 0,
        wallTimeMs: 1,
      };
      sealBatch(good, 0, headerBytes, bodyBytes, batchSeed(7, 1, 0), fields);
      const bytes = hostile(random, good);
      // Extensions are random now; their checksum is made to fit.
      random.fill(bytes.subarray(PLAIN_HEADER_BYTES - 4, headerBytes - 4));
      if (random.below(4) > 0) {
        const generation = new DataView(bytes.buffer).getUint32(32, true);
        writeU32(
          bytes,
          headerBytes - 4,
          xxh32(bytes, 0, headerBytes - 4, batchSeed(7, generation, 0)),
        );
      }
      if (!decodeBatchHeader(bytes, 0, bytes.length, 7, 0, into)) continue;
      accepted++;
      expect(into.bodyBytes).toBeLessThanOrEqual(66_560);
      expect(Number.isSafeInteger(into.firstLsn) && Number.isSafeInteger(into.durableLsn)).toBe(
        true,
      );
    }
    expect(accepted).toBeGreaterThan(ROUNDS / 50);
  });

  test('record frames and control records', () => {
    const random = new SeededRandom(SEED + 3);
    const frame = newRecordFrame();
    const good = bytesOf(400);
    let end = writeRecordFrame(good, 0, SystemType.Start, 0, zeros(36));
    end = writeRecordFrame(good, end, SystemType.Next, 0, zeros(20));
    writeRecordFrame(good, end, 64, 70_000, zeros(250));
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = hostile(random, good);
      for (let at = 0, frames = 0; at >= 0 && at < bytes.length; frames++) {
        const next = readRecordFrame(bytes, at, bytes.length, frame);
        const inside = frame.payloadStart <= frame.payloadEnd && frame.payloadEnd <= bytes.length;
        if (next >= 0 && !(next > at && inside))
          throw new Error(`a frame at ${at} ends at ${next}`);
        if (frames > bytes.length) throw new Error('frames without end');
        at = next;
      }
      for (const type of [SystemType.Start, SystemType.Next]) {
        const found = findControlRecord(bytes, 0, bytes.length, type);
        if (found === undefined) continue;
        const decoded =
          type === SystemType.Start ? decodeStart(bytes, found) : decodeNext(bytes, found);
        if (decoded !== undefined && 'segment' in decoded)
          expect(Number.isSafeInteger(decoded.segment)).toBe(true);
      }
    }
  });

  test('unit descriptors and position tokens', () => {
    const random = new SeededRandom(SEED + 4);
    const bytes = bytesOf(36);
    for (let round = 0; round < ROUNDS; round++) {
      random.fill(bytes);
      if (random.below(2) === 0) bytes.fill(0, 12, 24);
      const unit = readUnitDescriptor(bytes, 0);
      if (unit !== undefined) expect(Number.isSafeInteger(unit.bytes)).toBe(true);
      typed(() => parsePosition(bytes.slice(0, random.below(20))));
      typed(() => parsePosition(bytes.slice(0, 16)));
    }
  });
});

function bytesOf(length: number): Uint8Array {
  return new Uint8Array(length);
}

/** The structures of a journal file, each alone, with checksums that are made to fit. */
import { readU32, writeU32, xxh32 } from '@varve/bytes';
import {
  newRecordFrame,
  readAttributes,
  findAttribute,
  readRecordFrame,
  SystemType,
  writeAttributeBlock,
  writeRecordFrame,
} from '@varve/protocol';
import {
  batchSeed,
  bodyCounts,
  decodeBatchHeader,
  newBatchHeader,
  PLAIN_HEADER_BYTES,
  sealBatch,
} from '../../src/batch.ts';
import { CLIENTS_MAX, ClientTable, KEYS_MAX } from '../../src/client-table.ts';
import { runOf } from '../../src/client-run.ts';
import { decodeNext, decodeStart, findControlRecord } from '../../src/control.ts';
import {
  BATCH_BODY_MAX,
  BATCH_HEADER_LAYOUT,
  SEGMENT_BYTES_MAX,
  SEGMENT_HEADER_BYTES,
  SEGMENT_HEADER_LAYOUT,
  SUPERBLOCK_BYTES,
  SUPERBLOCK_LAYOUT,
} from '../../src/format.ts';
import { parsePosition } from '../../src/position.ts';
import { decodeSegmentHeader } from '../../src/segment-header.ts';
import { assertUsable, decodeSuperblock } from '../../src/superblock.ts';
import { encodeUnitDescriptor, readUnitDescriptor } from '../../src/unit-descriptor.ts';
import type { Golden } from '../damage/golden.ts';
import { edit, type FuzzTarget, hostile, refusable } from './target.ts';

const zeros = (length: number): Uint8Array => new Uint8Array(length);
const SMALL = 4_096;

function demand(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

const SUPERBLOCK_SEED = 0x5641_5256;
const SEGMENT_SEED = 0x5653_4547;

export function repairSuperblock(bytes: Uint8Array, place: 0 | 1): void {
  const at = SUPERBLOCK_LAYOUT.checksum[0];
  writeU32(bytes, at, xxh32(bytes, 0, at, SUPERBLOCK_SEED + place));
}

export function repairSegmentHeader(bytes: Uint8Array): void {
  const at = SEGMENT_HEADER_LAYOUT.checksum[0];
  writeU32(bytes, at, xxh32(bytes, 0, at, SEGMENT_SEED));
}

/** Makes both checksums of the batch at `bytes[at]` fit, as far as its lengths make sense. */
export function repairBatch(bytes: Uint8Array, at: number, seed: number, offset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  const headerBytes = view.getUint16(BATCH_HEADER_LAYOUT.headerBytes[0], true);
  const bodyBytes = view.getUint32(BATCH_HEADER_LAYOUT.bodyBytes[0], true);
  const generation = view.getUint32(BATCH_HEADER_LAYOUT.generation[0], true);
  if (headerBytes < PLAIN_HEADER_BYTES || at + headerBytes + bodyBytes > bytes.length) return;
  const seeded = batchSeed(seed, generation, offset);
  const start = at + headerBytes;
  const body = xxh32(bytes, start, start + bodyBytes, ~seeded >>> 0);
  writeU32(bytes, at + BATCH_HEADER_LAYOUT.bodyChecksum[0], body);
  writeU32(bytes, start - 4, xxh32(bytes, at, start - 4, seeded));
}

function superblock({ bytes: file }: Golden): FuzzTarget {
  const good = file.slice(0, SUPERBLOCK_BYTES);
  return {
    name: 'superblock',
    share: 120,
    allocatesMax: SMALL,
    once(random) {
      const damaged = hostile(random, good);
      const bytes = zeros(SUPERBLOCK_BYTES);
      bytes.set(damaged);
      if (random.below(8) > 0) repairSuperblock(bytes, 0);
      const block = decodeSuperblock(bytes, 0);
      if (block === undefined) return;
      const usable = refusable(() => {
        assertUsable(block, 's');
        return true;
      });
      if (usable !== true) return;
      demand(block.segmentBytes <= SEGMENT_BYTES_MAX, 'a segment too large');
      const { scanStart, sequence, durableLsn, firstLsn, lowWater, coveredLsn } = block;
      const numbers = [sequence, durableLsn, firstLsn, lowWater, coveredLsn, scanStart.lastLsn];
      demand(numbers.every(Number.isSafeInteger), 'a number that is none');
    },
  };
}

function segmentHeader({ bytes: file, uses }: Golden): FuzzTarget {
  const { from, to } = uses.all.find(({ kind }) => kind === 'header')!;
  const good = file.slice(from, to);
  const seedId = good.slice(SEGMENT_HEADER_LAYOUT.seedId[0], SEGMENT_HEADER_LAYOUT.slot[0]);
  const itsSlot = readU32(good, SEGMENT_HEADER_LAYOUT.slot[0]);
  return {
    name: 'segment header',
    share: 120,
    allocatesMax: SMALL,
    once(random) {
      const bytes = zeros(SEGMENT_HEADER_BYTES);
      bytes.set(hostile(random, good));
      if (random.below(8) > 0) repairSegmentHeader(bytes);
      const header = decodeSegmentHeader(bytes, seedId, itsSlot);
      if (header === undefined) return;
      const { slot, segment, lastLsn, oldestUnitSegment, durableLsn } = header;
      demand(slot === itsSlot, 'a header of another slot');
      const numbers = [segment, lastLsn, oldestUnitSegment, durableLsn];
      demand(numbers.every(Number.isSafeInteger), 'a number that is none');
    },
  };
}

function batch(): FuzzTarget {
  const into = newBatchHeader();
  const unit = {
    unitId: 1,
    fragments: 2,
    firstSegment: 1,
    firstOffset: 112,
    bytes: 9,
    digest: 1,
    settled: true,
  };
  return {
    name: 'batch',
    share: 120,
    allocatesMax: SMALL,
    once(random) {
      const headerBytes = PLAIN_HEADER_BYTES + 4 * random.below(20);
      const bodyBytes = random.below(300);
      const bytes = zeros(headerBytes + bodyBytes);
      random.fill(bytes.subarray(headerBytes));
      const fields = { flags: random.below(16), count: 1, firstLsn: 1, durableLsn: 0 };
      const chained = { generation: 1, previousChecksum: 0, wallTimeMs: 1 };
      const extended =
        headerBytes < PLAIN_HEADER_BYTES + 40
          ? {}
          : random.below(2) === 0
            ? { unit }
            : { unitId: 1, fragmentNumber: 0 };
      const seed = batchSeed(7, 1, 0);
      sealBatch(bytes, 0, headerBytes, bodyBytes, seed, { ...fields, ...chained, ...extended });
      edit(random, bytes.subarray(0, headerBytes), random.below(4));
      const end = random.below(8) === 0 ? random.below(bytes.length + 1) : bytes.length;
      if (random.below(8) > 0) repairBatch(bytes, 0, 7, 0);
      if (!decodeBatchHeader(bytes, 0, end, 7, 0, into)) return;
      demand(into.bodyBytes <= BATCH_BODY_MAX, 'a body too long');
      demand(into.headerBytes <= end, 'a header that ends beyond its bytes');
      demand([into.firstLsn, into.durableLsn].every(Number.isSafeInteger), 'a number that is none');
      const whole = bodyCounts(bytes, 0, end, 7, 0, into);
      demand(!whole || into.headerBytes + into.bodyBytes <= end, 'a body beyond its bytes');
    },
  };
}

function recordFrames(): FuzzTarget {
  const frame = newRecordFrame();
  const good = zeros(240);
  let at = writeRecordFrame(good, 0, SystemType.Start, 0, zeros(36));
  at = writeRecordFrame(good, at, SystemType.Next, 0, zeros(20));
  good[at] = 64;
  good[at + 1] = 1;
  good[at + 2] = 0;
  good[at + 3] = 4;
  const attributes = [{ tag: 3, value: zeros(9) }];
  at = writeAttributeBlock(good, at + 4, attributes) + 4;
  writeRecordFrame(good, at, 64, 70_000, zeros(100));
  return {
    name: 'record frames and attributes',
    share: 150,
    allocatesMax: SMALL,
    once(random) {
      const bytes = hostile(random, good);
      let next = 0;
      for (let frames = 0; next >= 0 && next < bytes.length; frames++) {
        const from = next;
        next = readRecordFrame(bytes, from, bytes.length, frame);
        if (next < 0) break;
        demand(next > from && frames <= bytes.length, 'frames without end');
        demand(frame.payloadStart <= frame.payloadEnd, 'a payload that ends before it begins');
        demand(frame.payloadEnd <= bytes.length, 'a payload beyond its bytes');
        const { attributesStart, attributesEnd } = frame;
        for (const { value } of readAttributes(bytes, attributesStart, attributesEnd) ?? [])
          demand(value.length <= bytes.length, 'an attribute beyond its bytes');
        findAttribute(bytes, attributesStart, attributesEnd, 3);
      }
    },
  };
}

function controlRecords(): FuzzTarget {
  const good = zeros(120);
  const end = writeRecordFrame(good, 0, SystemType.Start, 0, zeros(36));
  writeRecordFrame(good, end, SystemType.Next, 0, zeros(20));
  return {
    name: 'control records',
    share: 100,
    allocatesMax: SMALL,
    once(random) {
      const bytes = hostile(random, good);
      const first = findControlRecord(bytes, 0, bytes.length, SystemType.Start);
      const start = first && decodeStart(bytes, first);
      if (start !== undefined) {
        const { lastLsn, cutSegment, rewrittenTo } = start;
        demand([lastLsn, cutSegment, rewrittenTo].every(Number.isSafeInteger), 'no numbers');
      }
      const second = findControlRecord(bytes, 0, bytes.length, SystemType.Next);
      const next = second && decodeNext(bytes, second);
      demand(next === undefined || Number.isSafeInteger(next.segment), 'no number');
      demand(next === undefined || next.salt.length === 8, 'no salt');
    },
  };
}

function descriptors(): FuzzTarget {
  const good = encodeUnitDescriptor({
    unitId: 1,
    fragments: 2,
    firstSegment: 3,
    firstOffset: 112,
    bytes: 9_000,
    digest: 4,
    settled: true,
  });
  return {
    name: 'unit descriptors and position tokens',
    share: 60,
    allocatesMax: SMALL,
    once(random) {
      const bytes = hostile(random, good);
      refusable(() => parsePosition(bytes.slice(0, 16)));
      if (bytes.length < good.length) return;
      const unit = readUnitDescriptor(bytes, 0);
      demand(
        unit === undefined || [unit.bytes, unit.firstSegment].every(Number.isSafeInteger),
        'no number',
      );
    },
  };
}

function clientTable(): FuzzTarget {
  const table = new ClientTable();
  for (let client = 1; client <= 5; client++) {
    const name = client.toString(16).padStart(16, '0');
    for (let sequence = 1; sequence <= 4; sequence++)
      table.apply(runOf(name, sequence, 0), client * 10 + sequence, 1, client);
    table.apply(runOf(name, 4, 1), client * 100, 2, client);
    table.apply(runOf(`02${name.slice(2)}`, client, 0), client * 100 + 2, 1, client);
  }
  const good = table.encode();
  return {
    name: 'client table',
    share: 40,
    allocatesMax: SMALL,
    once(random) {
      const bytes = hostile(random, good);
      const decoded = ClientTable.decode(bytes);
      if (decoded === undefined) return;
      demand(decoded.size <= CLIENTS_MAX + KEYS_MAX, 'more clients than are remembered');
      const again = decoded.encode();
      demand(again.length === bytes.length, 'a table that is not what it says');
    },
  };
}

/** Superblock and header are those of a golden store. */
export const structureTargets = (golden: Golden): FuzzTarget[] => [
  superblock(golden),
  segmentHeader(golden),
  batch(),
  recordFrames(),
  controlRecords(),
  descriptors(),
  clientTable(),
];

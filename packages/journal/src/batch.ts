/**
 * A batch: framed records under one checksum, the smallest thing that is there or not there.
 *
 * A batch counts *by itself* if (1) magic, lengths within the segment, (2) its header checksum,
 * (3) its body checksum. Both checksums are seeded with store, slot, segment, salt, generation and
 * offset: a stale or misdirected batch fails them. It counts *in the log* if besides (4) its
 * generation is the current one, (5) its `firstLsn` is the next LSN, (6) its `previousChecksum` is
 * the header checksum of the batch before it. Who reads the log checks in this order.
 */
import {
  readU16,
  readU32,
  readU48,
  readU64,
  writeU16,
  writeU32,
  writeU48,
  writeU64,
  xxh32,
} from '@varve/bytes';
import {
  BATCH_BODY_MAX,
  BATCH_FLAGS_KNOWN,
  BATCH_HEADER_BYTES,
  BATCH_HEADER_BYTES_MAX,
  BATCH_HEADER_LAYOUT as AT,
  BATCH_MAGIC,
  BatchExtension,
  CLIENT_RUN_BYTES,
  ENCODING_RAW,
  UNIT_DESCRIPTOR_BYTES,
} from './format.ts';
import { type ClientRun, newClientRun, readClientRun, writeClientRun } from './client-run.ts';
import { readUnitDescriptor, type UnitDescriptor, writeUnitDescriptor } from './unit-descriptor.ts';

/** Reused by scanners: decoding fills it in. */
export interface BatchHeader {
  headerBytes: number;
  bodyBytes: number;
  flags: number;
  count: number;
  firstLsn: number;
  durableLsn: number;
  generation: number;
  previousChecksum: number;
  wallTimeMs: number;
  headerChecksum: number;
  /** Of fragments. */
  unitId: number;
  fragmentNumber: number;
  /** Of the batch that ends a unit of records. */
  unit: UnitDescriptor | undefined;
  /** Of records that a client sent under a stamp; without groups: nobody did. */
  run: ClientRun;
}

export const newBatchHeader = (): BatchHeader => ({
  headerBytes: 0,
  bodyBytes: 0,
  flags: 0,
  count: 0,
  firstLsn: 0,
  durableLsn: 0,
  generation: 0,
  previousChecksum: 0,
  wallTimeMs: 0,
  headerChecksum: 0,
  unitId: 0,
  fragmentNumber: 0,
  unit: undefined,
  run: newClientRun(),
});

export function batchSeed(segmentSeed: number, generation: number, offset: number): number {
  return (segmentSeed ^ Math.imul(generation, 0x9e37_79b1) ^ Math.imul(offset, 0x85eb_ca77)) >>> 0;
}

const FRAGMENT_EXTENSION_BYTES = 2 + 8;
const UNIT_EXTENSION_BYTES = 2 + UNIT_DESCRIPTOR_BYTES;
/** What a client run adds to the header of a batch. A multiple of 4. */
export const RUN_EXTENSION_BYTES: number = 2 + CLIENT_RUN_BYTES;
export const runBytes = (run: ClientRun | undefined): number =>
  run === undefined ? 0 : RUN_EXTENSION_BYTES;

/** Length of the header of a plain batch, a fragment, or a batch that ends a unit. A multiple of 4. */
export const PLAIN_HEADER_BYTES: number = BATCH_HEADER_BYTES;
export const FRAGMENT_HEADER_BYTES: number =
  (BATCH_HEADER_BYTES + FRAGMENT_EXTENSION_BYTES + 3) & ~3;
export const UNIT_END_HEADER_BYTES: number = (BATCH_HEADER_BYTES + UNIT_EXTENSION_BYTES + 3) & ~3;

/** Writers keep one of these and fill it in for each batch. */
export interface BatchFields {
  flags: number;
  count: number;
  firstLsn: number;
  durableLsn: number;
  generation: number;
  previousChecksum: number;
  wallTimeMs: number;
  unitId?: number | undefined;
  fragmentNumber?: number | undefined;
  unit?: UnitDescriptor | undefined;
  run?: ClientRun | undefined;
}

/**
 * Seals the batch whose body already stands in `into` after `headerBytes` at `at`. Returns the
 * header checksum: the next batch's `previousChecksum`.
 */
export function sealBatch(
  into: Uint8Array,
  at: number,
  headerBytes: number,
  bodyBytes: number,
  seed: number,
  fields: BatchFields,
): number {
  const bodyStart = at + headerBytes;
  writeU32(into, at + AT.magic[0], BATCH_MAGIC);
  writeU16(into, at + AT.headerBytes[0], headerBytes);
  into[at + AT.flags[0]] = fields.flags;
  into[at + AT.encoding[0]] = ENCODING_RAW;
  writeU32(into, at + AT.bodyBytes[0], bodyBytes);
  writeU32(into, at + AT.count[0], fields.count);
  writeU64(into, at + AT.firstLsn[0], fields.firstLsn);
  writeU64(into, at + AT.durableLsn[0], fields.durableLsn);
  writeU32(into, at + AT.generation[0], fields.generation);
  writeU32(into, at + AT.previousChecksum[0], fields.previousChecksum);
  writeU48(into, at + AT.wallTimeMs[0], fields.wallTimeMs);
  writeU16(into, at + 46, 0);
  writeU32(
    into,
    at + AT.bodyChecksum[0],
    xxh32(into, bodyStart, bodyStart + bodyBytes, ~seed >>> 0),
  );
  const checksumAt = bodyStart - 4;
  if (headerBytes > BATCH_HEADER_BYTES)
    writeExtensions(into, at + AT.headerChecksum[0], checksumAt, fields);
  const checksum = xxh32(into, at, checksumAt, seed);
  writeU32(into, checksumAt, checksum);
  return checksum;
}

function writeExtensions(into: Uint8Array, from: number, to: number, fields: BatchFields): void {
  into.fill(0, from, to);
  let at = from;
  if (fields.unitId !== undefined) {
    into[at] = BatchExtension.Fragment;
    into[at + 1] = 8;
    writeU32(into, at + 2, fields.unitId);
    writeU32(into, at + 6, fields.fragmentNumber ?? 0);
    at += FRAGMENT_EXTENSION_BYTES;
  }
  if (fields.unit !== undefined) {
    into[at] = BatchExtension.Unit;
    into[at + 1] = UNIT_DESCRIPTOR_BYTES;
    writeUnitDescriptor(into, at + 2, fields.unit);
    at += UNIT_EXTENSION_BYTES;
  }
  if (fields.run !== undefined) {
    into[at] = BatchExtension.ClientRun;
    into[at + 1] = CLIENT_RUN_BYTES;
    writeClientRun(into, at + 2, fields.run);
  }
}

/**
 * Rules 1 and 2 at `bytes[at]`, which is segment offset `offset`; `end` is where the segment (or
 * what of it is in `bytes`) ends. False: no batch's header stands here.
 */
export function decodeBatchHeader(
  bytes: Uint8Array,
  at: number,
  end: number,
  segmentSeed: number,
  offset: number,
  into: BatchHeader,
): boolean {
  if (at + BATCH_HEADER_BYTES > end || readU32(bytes, at) !== BATCH_MAGIC) return false;
  const headerBytes = readU16(bytes, at + AT.headerBytes[0]);
  if (headerBytes < BATCH_HEADER_BYTES || headerBytes > BATCH_HEADER_BYTES_MAX) return false;
  if ((headerBytes & 3) !== 0 || at + headerBytes > end) return false;
  const generation = readU32(bytes, at + AT.generation[0]);
  const checksumAt = at + headerBytes - 4;
  const headerChecksum = readU32(bytes, checksumAt);
  if (headerChecksum !== xxh32(bytes, at, checksumAt, batchSeed(segmentSeed, generation, offset))) {
    return false;
  }
  into.headerBytes = headerBytes;
  into.bodyBytes = readU32(bytes, at + AT.bodyBytes[0]);
  into.flags = bytes[at + AT.flags[0]]!;
  into.count = readU32(bytes, at + AT.count[0]);
  into.firstLsn = readU64(bytes, at + AT.firstLsn[0]);
  into.durableLsn = readU64(bytes, at + AT.durableLsn[0]);
  into.generation = generation;
  into.previousChecksum = readU32(bytes, at + AT.previousChecksum[0]);
  into.wallTimeMs = readU48(bytes, at + AT.wallTimeMs[0]);
  into.headerChecksum = headerChecksum;
  into.unit = undefined;
  into.run.groups = 0;
  return (
    into.bodyBytes <= BATCH_BODY_MAX &&
    into.flags <= BATCH_FLAGS_KNOWN &&
    bytes[at + AT.encoding[0]] === ENCODING_RAW &&
    !Number.isNaN(into.firstLsn + into.durableLsn) &&
    (headerBytes === BATCH_HEADER_BYTES ||
      readExtensions(bytes, at + AT.headerChecksum[0], checksumAt, into))
  );
}

function readExtensions(bytes: Uint8Array, from: number, to: number, into: BatchHeader): boolean {
  let at = from;
  while (at + 2 <= to && bytes[at] !== 0) {
    const length = bytes[at + 1]!;
    if (at + 2 + length > to) return false;
    if (bytes[at] === BatchExtension.Fragment && length === 8) {
      into.unitId = readU32(bytes, at + 2);
      into.fragmentNumber = readU32(bytes, at + 6);
    } else if (bytes[at] === BatchExtension.Unit && length === UNIT_DESCRIPTOR_BYTES) {
      into.unit = readUnitDescriptor(bytes, at + 2);
      if (into.unit === undefined) return false;
    } else if (bytes[at] === BatchExtension.ClientRun && length === CLIENT_RUN_BYTES) {
      if (!readClientRun(bytes, at + 2, into.run)) return false;
    }
    at += 2 + length;
  }
  return true;
}

/** Rule 3. The header must have been decoded from the same place. */
export function bodyCounts(
  bytes: Uint8Array,
  at: number,
  end: number,
  segmentSeed: number,
  offset: number,
  header: BatchHeader,
): boolean {
  const start = at + header.headerBytes;
  const stop = start + header.bodyBytes;
  if (stop > end) return false;
  const seed = ~batchSeed(segmentSeed, header.generation, offset) >>> 0;
  return readU32(bytes, at + AT.bodyChecksum[0]) === xxh32(bytes, start, stop, seed);
}

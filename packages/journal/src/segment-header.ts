/**
 * The first bytes of a slot in use: which segment it holds and how it follows its predecessor.
 *
 * A segment header counts if (1) its magic, (2) its checksum, (3) its `seedId` is the store's and
 * (4) its slot is the one it stands in.
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
  FORMAT_VERSION,
  SEGMENT_HEADER_BYTES,
  SEGMENT_HEADER_LAYOUT as AT,
  SEGMENT_MAGIC,
} from './format.ts';

export interface SegmentHeader {
  readonly slot: number;
  readonly segment: number;
  readonly generation: number;
  /** 8 random bytes, fresh for each use of the slot: leftovers of an older use fail their checksums. */
  readonly salt: Uint8Array;
  /** Last LSN before this segment. */
  readonly lastLsn: number;
  /** Where the live part of the previous segment ended, and the header checksum of its last batch. */
  readonly previousEnd: number;
  readonly previousChain: number;
  /** The segment itself, or the oldest one in which a unit begins that was open when this one began. */
  readonly oldestUnitSegment: number;
  /** Durable LSN when this segment began. */
  readonly durableLsn: number;
  readonly wallTimeMs: number;
}

const SEED = 0x5653_4547;

export function encodeSegmentHeader(
  header: SegmentHeader,
  seedId: Uint8Array,
  into: Uint8Array,
  at: number,
): void {
  into.fill(0, at, at + SEGMENT_HEADER_BYTES);
  writeU32(into, at + AT.magic[0], SEGMENT_MAGIC);
  writeU16(into, at + AT.formatVersion[0], FORMAT_VERSION);
  writeU16(into, at + AT.bytes[0], SEGMENT_HEADER_BYTES);
  into.set(seedId, at + AT.seedId[0]);
  writeU32(into, at + AT.slot[0], header.slot);
  writeU32(into, at + AT.generation[0], header.generation);
  writeU64(into, at + AT.segment[0], header.segment);
  into.set(header.salt, at + AT.salt[0]);
  writeU64(into, at + AT.lastLsn[0], header.lastLsn);
  writeU32(into, at + AT.previousEnd[0], header.previousEnd);
  writeU32(into, at + AT.previousChain[0], header.previousChain);
  writeU64(into, at + AT.oldestUnitSegment[0], header.oldestUnitSegment);
  writeU64(into, at + AT.durableLsn[0], header.durableLsn);
  writeU48(into, at + AT.wallTimeMs[0], header.wallTimeMs);
  writeU32(into, at + AT.checksum[0], xxh32(into, at, at + AT.checksum[0], SEED));
}

/** Undefined when the bytes are no header of this store and slot. */
export function decodeSegmentHeader(
  bytes: Uint8Array,
  seedId: Uint8Array,
  slot: number,
): SegmentHeader | undefined {
  if (readU32(bytes, AT.magic[0]) !== SEGMENT_MAGIC) return undefined;
  if (readU32(bytes, AT.checksum[0]) !== xxh32(bytes, 0, AT.checksum[0], SEED)) return undefined;
  for (let index = 0; index < 16; index++) {
    if (bytes[AT.seedId[0] + index] !== seedId[index]) return undefined;
  }
  const header: SegmentHeader = {
    slot: readU32(bytes, AT.slot[0]),
    segment: readU64(bytes, AT.segment[0]),
    generation: readU32(bytes, AT.generation[0]),
    salt: bytes.slice(AT.salt[0], AT.salt[0] + 8),
    lastLsn: readU64(bytes, AT.lastLsn[0]),
    previousEnd: readU32(bytes, AT.previousEnd[0]),
    previousChain: readU32(bytes, AT.previousChain[0]),
    oldestUnitSegment: readU64(bytes, AT.oldestUnitSegment[0]),
    durableLsn: readU64(bytes, AT.durableLsn[0]),
    wallTimeMs: readU48(bytes, AT.wallTimeMs[0]),
  };
  const sane =
    header.slot === slot &&
    readU16(bytes, AT.bytes[0]) === SEGMENT_HEADER_BYTES &&
    !Number.isNaN(header.segment + header.lastLsn + header.oldestUnitSegment + header.durableLsn);
  return sane ? header : undefined;
}

/** What every checksum in this use of the slot is seeded with. */
export function segmentSeed(
  seedId: Uint8Array,
  slot: number,
  segment: number,
  salt: Uint8Array,
): number {
  const bytes = new Uint8Array(36);
  bytes.set(seedId, 0);
  writeU32(bytes, 16, slot);
  writeU64(bytes, 20, segment);
  bytes.set(salt, 28);
  return xxh32(bytes, 0, 36, 0);
}

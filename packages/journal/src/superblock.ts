/**
 * A superblock: what the whole store knows about itself. Two stand in the file; one of them may be
 * lost at any time.
 *
 * A superblock counts if (1) its magic, (2) its checksum, seeded with its place, (3) a version and
 * incompat bits this build knows, (4) fields in range. (1) and (2) alone make it *valid*; failing
 * (3) is UNSUPPORTED_VERSION, never CORRUPT.
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
import type { SyncFile } from '@varve/files';
import { VarveError } from '@varve/protocol';
import {
  CHECKSUM_XXH32,
  FORMAT_VERSION,
  SEGMENT_BYTES_MAX,
  SEGMENT_BYTES_MIN,
  SUPERBLOCK_BYTES,
  SUPERBLOCK_LAYOUT as AT,
  SUPERBLOCK_MAGIC,
  SUPERBLOCK_PLACES,
  SuperblockFlag,
} from './format.ts';
import { readExactly, writeExactly } from './io.ts';
import type { ScanPoint } from './position.ts';

export interface Superblock {
  readonly formatVersion: number;
  readonly compat: number;
  readonly readOnlyCompat: number;
  readonly incompat: number;
  /** Immutable: seeds every checksum. 16 bytes. */
  readonly seedId: Uint8Array;
  readonly lineageId: Uint8Array;
  readonly lineageParent: Uint8Array;
  readonly lineageParentGeneration: number;
  readonly lineageParentLsn: number;
  /** Random, per open. */
  readonly incarnation: Uint8Array;
  readonly clean: boolean;
  readonly sequence: number;
  readonly generation: number;
  readonly segmentBytes: number;
  readonly alignment: number;
  readonly slotCount: number;
  /** Oldest segment that still counts, and the LSN before its first record plus one. */
  readonly firstSegment: number;
  readonly firstLsn: number;
  readonly lowWater: number;
  readonly scanStart: ScanPoint;
  /** Where the last checkpoint's state record stands; segment 0 = none. */
  readonly stateSegment: number;
  readonly stateOffset: number;
  readonly coveredLsn: number;
  readonly durableLsn: number;
  readonly createdAtMs: number;
  readonly writtenAtMs: number;
  /** Where the verification in idle time goes on, and when it last came to the end (wall clock). */
  readonly scrubSegment: number;
  readonly scrubbedAtMs: number;
  /** The writer keeps the client table: its record stands there; segment 0: it is empty. */
  readonly clientsKept: boolean;
  readonly clientsSegment: number;
  readonly clientsOffset: number;
}

/** Nobody keeps a table, or what it was is forgotten. */
export const NO_CLIENTS = { clientsKept: false, clientsSegment: 0, clientsOffset: 0 } as const;

const seedOfPlace = (place: number): number => 0x5641_5256 + place;
const u16 = (bytes: Uint8Array, [at]: readonly [number, number]): number => readU16(bytes, at);
const u32 = (bytes: Uint8Array, [at]: readonly [number, number]): number => readU32(bytes, at);
const u48 = (bytes: Uint8Array, [at]: readonly [number, number]): number => readU48(bytes, at);
const u64 = (bytes: Uint8Array, [at]: readonly [number, number]): number => readU64(bytes, at);
const id = (bytes: Uint8Array, [at, length]: readonly [number, number]): Uint8Array =>
  bytes.slice(at, at + length);

export function encodeSuperblock(block: Superblock, place: 0 | 1): Uint8Array {
  const bytes = new Uint8Array(SUPERBLOCK_BYTES);
  bytes.set(SUPERBLOCK_MAGIC, AT.magic[0]);
  writeU16(bytes, AT.formatVersion[0], block.formatVersion);
  writeU16(bytes, AT.bytes[0], SUPERBLOCK_BYTES);
  writeU32(bytes, AT.compat[0], block.compat);
  writeU32(bytes, AT.readOnlyCompat[0], block.readOnlyCompat);
  writeU32(bytes, AT.incompat[0], block.incompat);
  bytes.set(block.seedId, AT.seedId[0]);
  bytes.set(block.lineageId, AT.lineageId[0]);
  bytes.set(block.lineageParent, AT.lineageParent[0]);
  writeU32(bytes, AT.lineageParentGeneration[0], block.lineageParentGeneration);
  const clients = block.clientsKept ? SuperblockFlag.Clients : 0;
  writeU32(bytes, AT.flags[0], (block.clean ? SuperblockFlag.Clean : 0) | clients);
  writeU64(bytes, AT.lineageParentLsn[0], block.lineageParentLsn);
  bytes.set(block.incarnation, AT.incarnation[0]);
  writeU64(bytes, AT.sequence[0], block.sequence);
  writeU32(bytes, AT.generation[0], block.generation);
  writeU32(bytes, AT.segmentBytes[0], block.segmentBytes);
  writeU16(bytes, AT.alignment[0], block.alignment);
  bytes[AT.checksumKind[0]] = CHECKSUM_XXH32;
  writeU32(bytes, AT.slotCount[0], block.slotCount);
  writeU64(bytes, AT.firstSegment[0], block.firstSegment);
  writeU64(bytes, AT.firstLsn[0], block.firstLsn);
  writeU64(bytes, AT.lowWater[0], block.lowWater);
  writeU64(bytes, AT.scanSegment[0], block.scanStart.segment);
  writeU32(bytes, AT.scanOffset[0], block.scanStart.offset);
  writeU32(bytes, AT.scanGeneration[0], block.scanStart.generation);
  writeU64(bytes, AT.scanLsn[0], block.scanStart.lastLsn);
  writeU32(bytes, AT.scanChain[0], block.scanStart.chain);
  writeU32(bytes, AT.stateOffset[0], block.stateOffset);
  writeU64(bytes, AT.stateSegment[0], block.stateSegment);
  writeU64(bytes, AT.coveredLsn[0], block.coveredLsn);
  writeU64(bytes, AT.durableLsn[0], block.durableLsn);
  writeU48(bytes, AT.createdAtMs[0], block.createdAtMs);
  writeU48(bytes, AT.writtenAtMs[0], block.writtenAtMs);
  writeU64(bytes, AT.scrubSegment[0], block.scrubSegment);
  writeU48(bytes, AT.scrubbedAtMs[0], block.scrubbedAtMs);
  writeU64(bytes, AT.clientsSegment[0], block.clientsSegment);
  writeU32(bytes, AT.clientsOffset[0], block.clientsOffset);
  writeU32(bytes, AT.checksum[0], xxh32(bytes, 0, AT.checksum[0], seedOfPlace(place)));
  return bytes;
}

/** Undefined when the bytes are no superblock of that place (rules 1 and 2). */
export function decodeSuperblock(bytes: Uint8Array, place: 0 | 1): Superblock | undefined {
  for (let index = 0; index < SUPERBLOCK_MAGIC.length; index++) {
    if (bytes[index] !== SUPERBLOCK_MAGIC[index]) return undefined;
  }
  if (u32(bytes, AT.checksum) !== xxh32(bytes, 0, AT.checksum[0], seedOfPlace(place))) {
    return undefined;
  }
  return {
    formatVersion: u16(bytes, AT.formatVersion),
    compat: u32(bytes, AT.compat),
    readOnlyCompat: u32(bytes, AT.readOnlyCompat),
    incompat: u32(bytes, AT.incompat),
    seedId: id(bytes, AT.seedId),
    lineageId: id(bytes, AT.lineageId),
    lineageParent: id(bytes, AT.lineageParent),
    lineageParentGeneration: u32(bytes, AT.lineageParentGeneration),
    lineageParentLsn: u64(bytes, AT.lineageParentLsn),
    incarnation: id(bytes, AT.incarnation),
    clean: (u32(bytes, AT.flags) & SuperblockFlag.Clean) !== 0,
    sequence: u64(bytes, AT.sequence),
    generation: u32(bytes, AT.generation),
    segmentBytes: u32(bytes, AT.segmentBytes),
    alignment: u16(bytes, AT.alignment),
    slotCount: u32(bytes, AT.slotCount),
    firstSegment: u64(bytes, AT.firstSegment),
    firstLsn: u64(bytes, AT.firstLsn),
    lowWater: u64(bytes, AT.lowWater),
    scanStart: {
      segment: u64(bytes, AT.scanSegment),
      offset: u32(bytes, AT.scanOffset),
      generation: u32(bytes, AT.scanGeneration),
      lastLsn: u64(bytes, AT.scanLsn),
      chain: u32(bytes, AT.scanChain),
    },
    stateSegment: u64(bytes, AT.stateSegment),
    stateOffset: u32(bytes, AT.stateOffset),
    coveredLsn: u64(bytes, AT.coveredLsn),
    durableLsn: u64(bytes, AT.durableLsn),
    createdAtMs: u48(bytes, AT.createdAtMs),
    writtenAtMs: u48(bytes, AT.writtenAtMs),
    scrubSegment: u64(bytes, AT.scrubSegment),
    scrubbedAtMs: u48(bytes, AT.scrubbedAtMs),
    clientsKept: (u32(bytes, AT.flags) & SuperblockFlag.Clients) !== 0,
    clientsSegment: u64(bytes, AT.clientsSegment),
    clientsOffset: u32(bytes, AT.clientsOffset),
  };
}

/** Rules 3 and 4. @throws VarveError UNSUPPORTED_VERSION, CORRUPT */
export function assertUsable(block: Superblock, store: string): void {
  if (block.formatVersion !== FORMAT_VERSION || block.incompat !== 0) {
    throw new VarveError('UNSUPPORTED_VERSION', undefined, {
      facts: { store, formatVersion: block.formatVersion, incompat: block.incompat },
    });
  }
  const numbers = [
    block.sequence,
    block.firstSegment,
    block.firstLsn,
    block.lowWater,
    block.scanStart.segment,
    block.scanStart.lastLsn,
    block.stateSegment,
    block.coveredLsn,
    block.durableLsn,
    block.lineageParentLsn,
    block.scrubSegment,
    block.clientsSegment,
  ];
  const { segmentBytes, alignment } = block;
  const powerOfTwo = (segmentBytes & (segmentBytes - 1)) === 0;
  const inRange = segmentBytes >= SEGMENT_BYTES_MIN && segmentBytes <= SEGMENT_BYTES_MAX;
  const aligned = alignment === 16 || (alignment === 4096 && segmentBytes >= 4 * alignment);
  if (!powerOfTwo || !inRange || !aligned || numbers.some(Number.isNaN) || block.firstSegment < 1) {
    throw new VarveError('CORRUPT', 'a superblock verifies but makes no sense', {
      facts: { store },
    });
  }
}

/** Reads one superblock's place. A file that ends before it has none. @throws VarveError IO_ERROR */
export function readSuperblock(file: SyncFile, place: 0 | 1): Superblock | undefined {
  const at = SUPERBLOCK_PLACES[place];
  if (file.getSize() < at + SUPERBLOCK_BYTES) return undefined;
  const bytes = new Uint8Array(SUPERBLOCK_BYTES);
  readExactly(file, bytes, at);
  return decodeSuperblock(bytes, place);
}

/** Writes and flushes one place. A throw ends the generation. */
export function writeSuperblock(file: SyncFile, block: Superblock, place: 0 | 1): void {
  writeExactly(file, encodeSuperblock(block, place), SUPERBLOCK_PLACES[place]);
  file.flush();
}

/**
 * Where the fragments of a unit lie: what the end of a unit says about its beginning.
 */
import { readU32, readU64, writeU32, writeU64, xxh32 } from '@varve/bytes';
import { UNIT_DESCRIPTOR_BYTES, UNIT_DESCRIPTOR_LAYOUT as AT } from './format.ts';

export interface UnitDescriptor {
  readonly unitId: number;
  /** Number of fragments before the end. */
  readonly fragments: number;
  readonly firstSegment: number;
  readonly firstOffset: number;
  /** Bytes in all fragments' bodies. */
  readonly bytes: number;
  /** XXH32 over the fragments' header checksums (u32 each), in order, chained as seed. */
  readonly digest: number;
  /** The fragments were flushed before the end was written. */
  readonly settled: boolean;
}

export function writeUnitDescriptor(into: Uint8Array, at: number, unit: UnitDescriptor): void {
  writeU32(into, at + AT.unitId[0], unit.unitId);
  writeU32(into, at + AT.fragments[0], unit.fragments);
  writeU64(into, at + AT.firstSegment[0], unit.firstSegment);
  writeU64(into, at + AT.bytes[0], unit.bytes);
  writeU32(into, at + AT.firstOffset[0], unit.firstOffset);
  writeU32(into, at + AT.digest[0], unit.digest);
  writeU32(into, at + AT.settled[0], unit.settled ? 1 : 0);
}

export function encodeUnitDescriptor(unit: UnitDescriptor): Uint8Array {
  const bytes = new Uint8Array(UNIT_DESCRIPTOR_BYTES);
  writeUnitDescriptor(bytes, 0, unit);
  return bytes;
}

/** Undefined when a number is out of range. The caller has checked that 36 bytes are there. */
export function readUnitDescriptor(bytes: Uint8Array, at: number): UnitDescriptor | undefined {
  const unit: UnitDescriptor = {
    unitId: readU32(bytes, at + AT.unitId[0]),
    fragments: readU32(bytes, at + AT.fragments[0]),
    firstSegment: readU64(bytes, at + AT.firstSegment[0]),
    firstOffset: readU32(bytes, at + AT.firstOffset[0]),
    bytes: readU64(bytes, at + AT.bytes[0]),
    digest: readU32(bytes, at + AT.digest[0]),
    settled: bytes[at + AT.settled[0]] === 1,
  };
  return Number.isNaN(unit.firstSegment + unit.bytes) ? undefined : unit;
}

const digestScratch = new Uint8Array(4);

/** The digest of a unit after one more fragment. */
export function digestFragment(digest: number, fragmentChecksum: number): number {
  writeU32(digestScratch, 0, fragmentChecksum);
  return xxh32(digestScratch, 0, 4, digest);
}

/**
 * Places in a journal.
 */
import { readU32, readU64, writeU32, writeU64 } from '@varve/bytes';
import { VarveError } from '@varve/protocol';

/** A place from which the log can be read on with every check: what came before is summed up in it. */
export interface ScanPoint {
  readonly segment: number;
  readonly offset: number;
  /** Generation of the batches here. */
  readonly generation: number;
  /** Last LSN before this place. */
  readonly lastLsn: number;
  /** Header checksum of the batch before this place. */
  readonly chain: number;
}

export type MutablePoint = { -readonly [K in keyof ScanPoint]: ScanPoint[K] };

/** Per batch of a scan: nothing is allocated. */
export function copyPoint(into: MutablePoint, from: ScanPoint): void {
  into.segment = from.segment;
  into.offset = from.offset;
  into.generation = from.generation;
  into.lastLsn = from.lastLsn;
  into.chain = from.chain;
}

export function samePoint(a: ScanPoint, b: ScanPoint): boolean {
  const samePlace = a.segment === b.segment && a.offset === b.offset;
  const sameLog = a.generation === b.generation && a.lastLsn === b.lastLsn && a.chain === b.chain;
  return samePlace && sameLog;
}

/** A place that can leave the store: 16 bytes, the same for as long as the record is there. */
export interface PositionToken {
  readonly generation: number;
  readonly lsn: number;
}

/** 16 bytes: u32 version (1), u32 generation, u64 LSN. */
export function dumpPosition(position: PositionToken): Uint8Array {
  const bytes = new Uint8Array(16);
  writeU32(bytes, 0, 1);
  writeU32(bytes, 4, position.generation);
  writeU64(bytes, 8, position.lsn);
  return bytes;
}

/** @throws VarveError BAD_ARGUMENT, UNSUPPORTED_VERSION */
export function parsePosition(bytes: Uint8Array): PositionToken {
  if (bytes.length !== 16) {
    throw new VarveError('BAD_ARGUMENT', 'a position token has 16 bytes', {
      facts: { bytes: bytes.length },
    });
  }
  const version = readU32(bytes, 0);
  if (version !== 1) {
    throw new VarveError('UNSUPPORTED_VERSION', 'a position token of an unknown version', {
      facts: { version },
    });
  }
  const lsn = readU64(bytes, 8);
  if (Number.isNaN(lsn)) {
    throw new VarveError('BAD_ARGUMENT', 'a position token beyond 2^53 − 1');
  }
  return { generation: readU32(bytes, 4), lsn };
}

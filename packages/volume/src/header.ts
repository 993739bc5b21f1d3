/**
 * The volume's header: the state of the journal's checkpoint, from which replay begins.
 *
 * Always true:
 * - what decodes is within its ranges: a header that says anything impossible is refused as CORRUPT
 * - one function encodes, one decodes; nobody else knows an offset
 */
import { invariant, readU16, readU32, readU48, writeU16, writeU32, writeU48 } from '@varve/bytes';
import { VarveError } from '@varve/protocol';
import type { BlockRef } from './blocks.ts';
import type { TreeRoot } from './exceptions.ts';
import {
  CHUNK_BYTES_MAX,
  CHUNK_BYTES_MIN,
  CHUNKS_MAX,
  NAME_BYTES_MAX,
  SNAPSHOTS_MAX,
  VOLUME_FORMAT_VERSION,
} from './format.ts';
import type { PoolCounts } from './pool.ts';
import type { RadixRoot } from './radix.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

const MAGIC = 0x4c4f_5656;
const FIXED_BYTES = 120;
const SNAPSHOT_FIXED_BYTES = 24;

export interface Snapshot {
  readonly bit: number;
  readonly name: string;
  readonly createdAtMs: number;
  readonly lsn: number;
  readonly sizeBytes: number;
  /** Being deleted: its name is free, its bit is not. */
  readonly isDying: boolean;
}

export interface Header {
  readonly seed: number;
  readonly chunkBytes: number;
  readonly capacityChunks: number;
  readonly sizeBytes: number;
  readonly origin: RadixRoot;
  readonly references: RadixRoot;
  readonly exceptions: TreeRoot;
  readonly exceptionCount: number;
  readonly pool: PoolCounts;
  /** Chunk from which the deletion of the first dying snapshot goes on. */
  readonly deleteCursor: number;
  /** Undefined: no restore is under way. */
  readonly restore: { readonly bit: number; readonly cursor: number } | undefined;
  /** In order of creation; dying ones in the order of their deletion. */
  readonly snapshots: readonly Snapshot[];
}

export function encodeHeader(header: Header): Uint8Array {
  const names = header.snapshots.map(({ name }) => encodeName(name));
  const nameBytes = names.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(FIXED_BYTES + names.length * SNAPSHOT_FIXED_BYTES + nameBytes);
  writeU32(bytes, 0, MAGIC);
  writeU16(bytes, 4, VOLUME_FORMAT_VERSION);
  bytes[6] = names.length;
  bytes[7] = header.restore === undefined ? 0 : header.restore.bit + 1;
  writeU32(bytes, 8, header.seed);
  writeU32(bytes, 12, header.chunkBytes);
  writeU32(bytes, 16, header.capacityChunks);
  writeU48(bytes, 20, header.sizeBytes);
  bytes[26] = header.origin.height;
  bytes[27] = header.references.height;
  bytes[28] = header.exceptions.height;
  writeRef(bytes, 32, header.origin);
  writeRef(bytes, 40, header.references);
  writeRef(bytes, 48, header.exceptions);
  writeU32(bytes, 56, header.exceptions.node);
  writeU32(bytes, 60, header.exceptions.nextNode);
  writeU32(bytes, 64, header.exceptionCount);
  writeU32(bytes, 68, header.pool.extentChunks);
  writeU32(bytes, 72, header.pool.usedChunks);
  writeU32(bytes, 76, header.pool.nextPhysical);
  writeU32(bytes, 80, header.deleteCursor);
  writeU32(bytes, 84, header.restore?.cursor ?? 0);
  let at = FIXED_BYTES;
  header.snapshots.forEach((snapshot, index) => {
    const name = names[index]!;
    bytes[at] = snapshot.bit;
    bytes[at + 1] = snapshot.isDying ? 1 : 0;
    writeU16(bytes, at + 2, name.length);
    writeU48(bytes, at + 4, Math.min(2 ** 48 - 1, Math.max(0, Math.floor(snapshot.createdAtMs))));
    writeU48(bytes, at + 10, snapshot.lsn);
    writeU48(bytes, at + 16, snapshot.sizeBytes);
    bytes.set(name, at + SNAPSHOT_FIXED_BYTES);
    at += SNAPSHOT_FIXED_BYTES + name.length;
  });
  return bytes;
}

/** Whether a checkpoint's state is a volume's at all. */
export function isHeader(bytes: Uint8Array): boolean {
  return bytes.length >= FIXED_BYTES && readU32(bytes, 0) === MAGIC;
}

/** @throws VarveError CORRUPT, UNSUPPORTED_VERSION */
export function decodeHeader(bytes: Uint8Array): Header {
  demand(isHeader(bytes), 'magic');
  const version = readU16(bytes, 4);
  if (version !== VOLUME_FORMAT_VERSION) {
    throw new VarveError('UNSUPPORTED_VERSION', 'a volume of another format', {
      facts: { version, known: VOLUME_FORMAT_VERSION },
    });
  }
  const restoreBit = bytes[7]! - 1;
  const header: Header = {
    seed: readU32(bytes, 8),
    chunkBytes: readU32(bytes, 12),
    capacityChunks: readU32(bytes, 16),
    sizeBytes: readU48(bytes, 20),
    origin: { ...readRef(bytes, 32), height: bytes[26]! },
    references: { ...readRef(bytes, 40), height: bytes[27]! },
    exceptions: {
      ...readRef(bytes, 48),
      height: bytes[28]!,
      node: readU32(bytes, 56),
      nextNode: readU32(bytes, 60),
    },
    exceptionCount: readU32(bytes, 64),
    pool: {
      extentChunks: readU32(bytes, 68),
      usedChunks: readU32(bytes, 72),
      nextPhysical: readU32(bytes, 76),
    },
    deleteCursor: readU32(bytes, 80),
    restore: restoreBit < 0 ? undefined : { bit: restoreBit, cursor: readU32(bytes, 84) },
    snapshots: readSnapshots(bytes),
  };
  checkHeader(header);
  return header;
}

function readSnapshots(bytes: Uint8Array): Snapshot[] {
  const snapshots: Snapshot[] = [];
  let at = FIXED_BYTES;
  for (let index = 0; index < bytes[6]!; index++) {
    demand(at + SNAPSHOT_FIXED_BYTES <= bytes.length, 'snapshots');
    const nameAt = at + SNAPSHOT_FIXED_BYTES;
    const end = nameAt + readU16(bytes, at + 2);
    demand(end <= bytes.length && end - nameAt <= NAME_BYTES_MAX && bytes[at + 1]! <= 1, 'name');
    snapshots.push({
      bit: bytes[at]!,
      isDying: bytes[at + 1] === 1,
      name: decodeName(bytes.subarray(nameAt, end)),
      createdAtMs: readU48(bytes, at + 4),
      lsn: readU48(bytes, at + 10),
      sizeBytes: readU48(bytes, at + 16),
    });
    at = end;
  }
  demand(at === bytes.length, 'length');
  return snapshots;
}

/** @throws VarveError CORRUPT */
export function decodeName(bytes: Uint8Array): string {
  const name = decodeUtf8(bytes);
  demand(name !== undefined, 'name');
  return name;
}

export function encodeName(name: string): Uint8Array {
  const bytes = encodeUtf8(name);
  invariant(bytes !== undefined, 'names were checked');
  return bytes;
}

function checkHeader(header: Header): void {
  const { chunkBytes, capacityChunks, pool, snapshots, restore } = header;
  const isPowerOfTwo = (chunkBytes & (chunkBytes - 1)) === 0;
  demand(
    isPowerOfTwo && chunkBytes >= CHUNK_BYTES_MIN && chunkBytes <= CHUNK_BYTES_MAX,
    'chunkBytes',
  );
  demand(capacityChunks >= 1 && capacityChunks <= CHUNKS_MAX, 'capacityChunks');
  demand(header.sizeBytes <= CHUNKS_MAX * chunkBytes, 'sizeBytes');
  demand(pool.extentChunks <= capacityChunks && pool.usedChunks <= pool.extentChunks, 'pool');
  demand(pool.nextPhysical <= pool.extentChunks, 'nextPhysical');
  for (const { height, place } of [header.origin, header.references, header.exceptions]) {
    demand(height <= 8 && (height === 0) === (place === 0), 'root');
  }
  const bits = new Set(snapshots.map(({ bit }) => bit));
  const names = snapshots.filter(({ isDying }) => !isDying).map(({ name }) => name);
  demand(bits.size === snapshots.length && snapshots.length <= SNAPSHOTS_MAX, 'bits');
  demand(new Set(names).size === names.length, 'names');
  demand(
    snapshots.every(({ bit }) => bit < SNAPSHOTS_MAX),
    'bit',
  );
  demand(restore === undefined || bits.has(restore.bit), 'restore');
}

function readRef(bytes: Uint8Array, at: number): BlockRef {
  return { place: readU32(bytes, at), checksum: readU32(bytes, at + 4) };
}

function writeRef(bytes: Uint8Array, at: number, { place, checksum }: BlockRef): void {
  writeU32(bytes, at, place);
  writeU32(bytes, at + 4, checksum);
}

function demand(holds: boolean, field: string): asserts holds {
  if (!holds) throw corrupt(field);
}

const corrupt = (field: string): VarveError =>
  new VarveError('CORRUPT', `the volume’s header is damaged: ${field}`, { facts: { field } });

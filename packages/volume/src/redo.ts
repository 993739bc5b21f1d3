/**
 * What a volume appends to its journal: one record is one atomic group of operations, with every
 * physical number in it, so that replay decides nothing.
 *
 * ```
 * version u8 · zero u8 · operations…, each: code u8 · view u8 · zero u16 · fields
 *  1 image     chunk u32 · physical u32 · digest u32 · the chunk's bytes
 *  2 map       chunk u32 · physical u32 · count u32 · digest u32 × count   (the bytes are in the pool, flushed)
 *  3 unmap     chunk u32 · count u32
 *  4 snapshot  time u48 · name length u16 · name                           (view: its bit)
 *  5 delete                                                               (view: its bit)
 *  6 step of the deletion   from u32 · to u32
 *  7 restore                                                              (view: its bit)
 *  8 step of the restore    from u32 · to u32
 *  9 resize    size u48
 * 10 share     chunk u32 · physical u32 · digest u32                       (equal bytes are there already)
 * ```
 *
 * Always true: what decodes is whole, and within its ranges; anything else is CORRUPT.
 */
import { readU16, readU32, readU48, writeU16, writeU32, writeU48 } from '@varve/bytes';
import { VarveError } from '@varve/protocol';
import { NAME_BYTES_MAX, ORIGIN } from './format.ts';
import { decodeName, encodeName } from './header.ts';

export type Redo =
  | {
      readonly op: 'image';
      readonly view: number;
      readonly chunk: number;
      readonly physical: number;
      readonly digest: number;
      /** Inside the record once it is encoded or decoded: the overlay keeps it. */
      bytes: Uint8Array;
    }
  | {
      readonly op: 'map';
      readonly view: number;
      readonly chunk: number;
      readonly physical: number;
      readonly digests: readonly number[];
    }
  | { readonly op: 'unmap'; readonly view: number; readonly chunk: number; readonly count: number }
  | {
      readonly op: 'snapshot';
      readonly view: number;
      readonly createdAtMs: number;
      readonly name: string;
    }
  | { readonly op: 'delete' | 'restore'; readonly view: number }
  | {
      readonly op: 'delete-step' | 'restore-step';
      readonly view: number;
      readonly from: number;
      readonly to: number;
    }
  | { readonly op: 'resize'; readonly view: number; readonly sizeBytes: number }
  | {
      readonly op: 'share';
      readonly view: number;
      readonly chunk: number;
      readonly physical: number;
      readonly digest: number;
    };

const VERSION = 1;
const HEAD_BYTES = 2;
const OP_HEAD_BYTES = 4;

/** Numbers are on disk: never reuse one. */
const CODES = {
  image: 1,
  map: 2,
  unmap: 3,
  snapshot: 4,
  delete: 5,
  'delete-step': 6,
  restore: 7,
  'restore-step': 8,
  resize: 9,
  share: 10,
} as const satisfies Record<Redo['op'], number>;

const NAMES = new Map(Object.entries(CODES).map(([name, code]) => [code as number, name]));

/** Bytes of each operation's fields, without what is of variable length. */
const FIELD_BYTES: Record<Redo['op'], number> = {
  image: 12,
  map: 12,
  unmap: 8,
  snapshot: 8,
  delete: 0,
  'delete-step': 8,
  restore: 0,
  'restore-step': 8,
  resize: 6,
  share: 12,
};

function lengthOf(redo: Redo): number {
  const fixed = OP_HEAD_BYTES + FIELD_BYTES[redo.op];
  if (redo.op === 'image') return fixed + redo.bytes.length;
  if (redo.op === 'map') return fixed + redo.digests.length * 4;
  return redo.op === 'snapshot' ? fixed + encodeName(redo.name).length : fixed;
}

export function redoBytes(group: readonly Redo[]): number {
  return group.reduce((sum, redo) => sum + lengthOf(redo), HEAD_BYTES);
}

/** Writes the group at `at`; images refer to their bytes there afterwards. */
export function encodeRedo(group: readonly Redo[], bytes: Uint8Array, at: number): void {
  bytes[at] = VERSION;
  let next = at + HEAD_BYTES;
  for (const redo of group) {
    bytes[next] = CODES[redo.op];
    bytes[next + 1] = redo.view;
    encodeFields(redo, bytes, next + OP_HEAD_BYTES);
    next += lengthOf(redo);
  }
}

function encodeFields(redo: Redo, bytes: Uint8Array, at: number): void {
  switch (redo.op) {
    case 'image':
      writeThree(bytes, at, redo.chunk, redo.physical, redo.digest);
      bytes.set(redo.bytes, at + 12);
      redo.bytes = bytes.subarray(at + 12, at + 12 + redo.bytes.length);
      break;
    case 'share':
      writeThree(bytes, at, redo.chunk, redo.physical, redo.digest);
      break;
    case 'map':
      writeThree(bytes, at, redo.chunk, redo.physical, redo.digests.length);
      redo.digests.forEach((digest, index) => writeU32(bytes, at + 12 + index * 4, digest));
      break;
    case 'unmap':
      writeU32(bytes, at, redo.chunk);
      writeU32(bytes, at + 4, redo.count);
      break;
    case 'snapshot': {
      const name = encodeName(redo.name);
      writeU48(bytes, at, redo.createdAtMs);
      writeU16(bytes, at + 6, name.length);
      bytes.set(name, at + 8);
      break;
    }
    case 'delete-step':
    case 'restore-step':
      writeU32(bytes, at, redo.from);
      writeU32(bytes, at + 4, redo.to);
      break;
    case 'resize':
      writeU48(bytes, at, redo.sizeBytes);
      break;
    case 'delete':
    case 'restore':
      break;
  }
}

function writeThree(bytes: Uint8Array, at: number, a: number, b: number, c: number): void {
  writeU32(bytes, at, a);
  writeU32(bytes, at + 4, b);
  writeU32(bytes, at + 8, c);
}

/** @throws VarveError CORRUPT, UNSUPPORTED_VERSION */
export function decodeRedo(bytes: Uint8Array, chunkBytes: number, lsn: number): Redo[] {
  const refuse = (why: string): never => {
    throw new VarveError('CORRUPT', `a record of the volume is malformed: ${why}`, {
      facts: { lsn },
    });
  };
  if (bytes.length < HEAD_BYTES + OP_HEAD_BYTES || bytes[1] !== 0) refuse('its head');
  if (bytes[0] !== VERSION) {
    throw new VarveError('UNSUPPORTED_VERSION', 'a record of a later volume format', {
      facts: { lsn, version: bytes[0]! },
    });
  }
  const group: Redo[] = [];
  for (let at = HEAD_BYTES; at < bytes.length;) {
    if (at + OP_HEAD_BYTES > bytes.length) refuse('cut short');
    const op = NAMES.get(bytes[at]!) as Redo['op'] | undefined;
    const view = bytes[at + 1]!;
    if (op === undefined || readU16(bytes, at + 2) !== 0) return refuse('an unknown operation');
    const needsSnapshot = op !== 'image' && op !== 'map' && op !== 'unmap' && op !== 'share';
    const isOfOrigin = view === ORIGIN;
    if (view > ORIGIN || (op === 'resize' ? !isOfOrigin : needsSnapshot && isOfOrigin)) {
      refuse('no such view');
    }
    const fields = at + OP_HEAD_BYTES;
    if (fields + FIELD_BYTES[op] > bytes.length) refuse('cut short');
    const redo = decodeFields(op, view, bytes, fields, chunkBytes);
    if (redo === undefined) return refuse(op);
    group.push(redo);
    at += lengthOf(redo);
  }
  return group;
}

function decodeFields(
  op: Redo['op'],
  view: number,
  bytes: Uint8Array,
  at: number,
  chunkBytes: number,
): Redo | undefined {
  const first = (): number => readU32(bytes, at);
  const second = (): number => readU32(bytes, at + 4);
  const third = (): number => readU32(bytes, at + 8);
  const rest = bytes.length - at;
  switch (op) {
    case 'image': {
      if (rest < 12 + chunkBytes) return undefined;
      const image = bytes.subarray(at + 12, at + 12 + chunkBytes);
      return { op, view, chunk: first(), physical: second(), digest: third(), bytes: image };
    }
    case 'share':
      return { op, view, chunk: first(), physical: second(), digest: third() };
    case 'map': {
      const count = third();
      if (count === 0 || rest < 12 + count * 4) return undefined;
      const digests = Array.from({ length: count }, (_, i) => readU32(bytes, at + 12 + i * 4));
      return { op, view, chunk: first(), physical: second(), digests };
    }
    case 'unmap':
      return { op, view, chunk: first(), count: second() };
    case 'snapshot': {
      const length = readU16(bytes, at + 6);
      if (length === 0 || length > NAME_BYTES_MAX || rest < 8 + length) return undefined;
      const name = decodeName(bytes.subarray(at + 8, at + 8 + length));
      return { op, view, createdAtMs: readU48(bytes, at), name };
    }
    case 'delete':
    case 'restore':
      return { op, view };
    case 'delete-step':
    case 'restore-step':
      return first() < second() ? { op, view, from: first(), to: second() } : undefined;
    case 'resize':
      return { op, view, sizeBytes: readU48(bytes, at) };
  }
}

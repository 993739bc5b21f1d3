/**
 * The attribute block of a record frame: facts beside the payload that a reader may skip.
 *
 * ```
 *  varint byte count | { varint tag, varint length, length bytes }*
 * ```
 *
 * Always true:
 * - the block stands between a frame's head and its payload, only with {@link RecordFlag.Attributes}
 * - a block is at most {@link ATTRIBUTES_BYTES_MAX} bytes and names each tag at most once; the
 *   writer refuses more, to the reader more is malformed
 * - a tag that a reader does not know is passed over, never an error
 */
import { readVarint, varintLength, writeVarint } from '@varve/bytes';
import { VarveError } from './errors.ts';

/** Without the byte count in front. */
export const ATTRIBUTES_BYTES_MAX = 4096;
export const ATTRIBUTE_TAG_MAX = 0xffff_ffff;

export interface Attribute {
  /** See {@link AttributeTag}. */
  readonly tag: number;
  readonly value: Uint8Array;
}

/** Checks the attributes and sums them up, without the byte count in front. */
function contentBytes(attributes: readonly Attribute[]): number {
  let byteCount = 0;
  const tags = new Set<number>();
  for (const { tag, value } of attributes) {
    if (!Number.isInteger(tag) || tag < 0 || tag > ATTRIBUTE_TAG_MAX || tags.has(tag)) {
      throw new VarveError('BAD_ARGUMENT', 'attribute tags are different integers of 32 bits', {
        facts: { tag },
      });
    }
    tags.add(tag);
    byteCount += varintLength(tag) + varintLength(value.length) + value.length;
  }
  if (byteCount > ATTRIBUTES_BYTES_MAX) {
    throw new VarveError('BAD_ARGUMENT', 'the attributes of a record are too long', {
      facts: { bytes: byteCount, max: ATTRIBUTES_BYTES_MAX },
    });
  }
  return byteCount;
}

/** Bytes of the block with its byte count. @throws BAD_ARGUMENT when it must not be written */
export function attributeBlockBytes(attributes: readonly Attribute[]): number {
  const byteCount = contentBytes(attributes);
  return varintLength(byteCount) + byteCount;
}

/**
 * Writes the block behind a record's head; returns the offset after it, where the payload begins.
 * @throws BAD_ARGUMENT when it must not be written
 */
export function writeAttributeBlock(
  bytes: Uint8Array,
  at: number,
  attributes: readonly Attribute[],
): number {
  let next = writeVarint(bytes, at, contentBytes(attributes));
  for (const { tag, value } of attributes) {
    next = writeVarint(bytes, writeVarint(bytes, next, tag), value.length);
    bytes.set(value, next);
    next += value.length;
  }
  return next;
}

/**
 * Calls `visit` for each attribute in `bytes[start, end)`, the range that a record frame names.
 * False when the range is malformed; `visit` may have been called before that is found.
 */
function visitAttributes(
  bytes: Uint8Array,
  start: number,
  end: number,
  visit: (tag: number, valueStart: number, valueEnd: number) => void,
): boolean {
  if (end - start > ATTRIBUTES_BYTES_MAX) return false;
  const tags = new Set<number>();
  let at = start;
  while (at < end) {
    const tag = readVarint(bytes, at, end);
    if (tag < 0 || tags.has(tag)) return false;
    tags.add(tag);
    at += varintLength(tag);
    const length = readVarint(bytes, at, end);
    if (length < 0) return false;
    at += varintLength(length);
    if (length > end - at) return false;
    visit(tag, at, at + length);
    at += length;
  }
  return true;
}

/** All attributes (their values are views), or undefined when the range is malformed. */
export function readAttributes(
  bytes: Uint8Array,
  start: number,
  end: number,
): Attribute[] | undefined {
  const attributes: Attribute[] = [];
  const whole = visitAttributes(bytes, start, end, (tag, from, to) => {
    attributes.push({ tag, value: bytes.subarray(from, to) });
  });
  return whole ? attributes : undefined;
}

/** The value under `tag` (a view); undefined when there is none, or the range is malformed. */
export function findAttribute(
  bytes: Uint8Array,
  start: number,
  end: number,
  tag: number,
): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  const whole = visitAttributes(bytes, start, end, (candidate, from, to) => {
    if (candidate === tag) found = bytes.subarray(from, to);
  });
  return whole ? found : undefined;
}

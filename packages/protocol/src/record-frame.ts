/**
 * A record as it stands in a batch on disk, in a message and in an export: one framing everywhere,
 * so that an append is encoded once (by the caller's thread) and copied once (into the batch).
 *
 * ```
 *  0      1       2          …            …             …              …
 *  +------+-------+----------+------------+-------------+--------------+
 *  | type | flags | channel  | length     | [attributes]| payload      |
 *  | u8   | u8    | varint   | varint     |             | length bytes |
 *  +------+-------+----------+------------+-------------+--------------+
 * attributes (only with flag bit 0): varint byte count, then { varint tag, varint length, bytes }*
 * ```
 *
 * Always true:
 * - types 0–63 are the system's, 64–255 the application's
 * - `length` counts the payload alone
 * - a frame's end is known from its first bytes: a reader can skip what it does not know
 */
import { readVarint, varintLength, writeVarint } from '@varve/bytes';

export const RecordFlag = {
  /** Attributes stand before the payload. */
  Attributes: 1,
  /** The payload is a unit descriptor; the record's bytes lie in fragment batches (docs/FORMAT.md). */
  External: 2,
} as const;

/** Types of control records: they carry no LSN. Numbers are on disk: never reuse one. */
export const SystemType = {
  State: 1,
  EngineCheckpoint: 2,
  Start: 3,
  Next: 4,
  Abort: 5,
} as const;

/** First type an application may use, and the default. */
export const APPLICATION_TYPE_MIN = 64;
export const APPLICATION_TYPE_MAX = 255;
export const CHANNEL_MAX = 0xffff_ffff;

/** Attributes a record may carry beside its payload; unknown tags are skipped. */
export const AttributeTag = { Undo: 1, Audit: 2, IdempotencyKey: 3 } as const;

export interface RecordFrame {
  type: number;
  flags: number;
  channel: number;
  /** Offsets into the bytes the frame was read from. */
  attributesStart: number;
  attributesEnd: number;
  payloadStart: number;
  payloadEnd: number;
}

export const newRecordFrame = (): RecordFrame => ({
  type: 0,
  flags: 0,
  channel: 0,
  attributesStart: 0,
  attributesEnd: 0,
  payloadStart: 0,
  payloadEnd: 0,
});

/** Bytes that a frame without attributes takes. */
export function recordFrameBytes(channel: number, payloadBytes: number): number {
  return 2 + varintLength(channel) + varintLength(payloadBytes) + payloadBytes;
}

/** Writes everything before the payload; returns where the payload begins. */
export function writeRecordHead(
  bytes: Uint8Array,
  at: number,
  type: number,
  channel: number,
  payloadBytes: number,
  flags = 0,
): number {
  bytes[at] = type;
  bytes[at + 1] = flags;
  return writeVarint(bytes, writeVarint(bytes, at + 2, channel), payloadBytes);
}

/** Writes a whole frame without attributes; returns the offset after it. */
export function writeRecordFrame(
  bytes: Uint8Array,
  at: number,
  type: number,
  channel: number,
  payload: Uint8Array,
  flags = 0,
): number {
  const start = writeRecordHead(bytes, at, type, channel, payload.length, flags);
  bytes.set(payload, start);
  return start + payload.length;
}

/**
 * Reads the frame at `at` into `into`. Returns the offset after it, or −1 when the bytes up to
 * `end` do not hold one whole valid frame.
 */
export function readRecordFrame(
  bytes: Uint8Array,
  at: number,
  end: number,
  into: RecordFrame,
): number {
  if (at + 4 > end) return -1;
  into.type = bytes[at]!;
  into.flags = bytes[at + 1]!;
  if (into.flags > 3) return -1;
  let next = at + 2;
  const channel = readVarint(bytes, next, end);
  if (channel < 0) return -1;
  into.channel = channel;
  next += varintLength(channel);
  const length = readVarint(bytes, next, end);
  if (length < 0) return -1;
  next += varintLength(length);
  into.attributesStart = next;
  into.attributesEnd = next;
  if ((into.flags & RecordFlag.Attributes) !== 0) {
    const attributeBytes = readVarint(bytes, next, end);
    if (attributeBytes < 0) return -1;
    into.attributesStart = next + varintLength(attributeBytes);
    next = into.attributesStart + attributeBytes;
    if (next > end) return -1;
    into.attributesEnd = next;
  }
  into.payloadStart = next;
  into.payloadEnd = next + length;
  return into.payloadEnd > end ? -1 : into.payloadEnd;
}

/**
 * Payloads of the system's records.
 */
import { readU32, readU64, writeU32, writeU64 } from '@varve/bytes';
import { newRecordFrame, readRecordFrame, type RecordFrame } from '@varve/protocol';
import { NEXT_BYTES, NEXT_LAYOUT, START_BYTES, START_LAYOUT } from './format.ts';

/** First record of a generation: where and after what the log goes on. */
export interface StartRecord {
  /** Last LSN that counts from before: what older generations hold beyond it is void. */
  readonly lastLsn: number;
  /** Where the log was cut, and the header checksum of the last batch before the cut. */
  readonly cutSegment: number;
  readonly cutOffset: number;
  readonly chain: number;
  readonly previousGeneration: number;
  /**
   * The new generation begins with copies of the records up to here. Until all of them are there the
   * restart does not count, and the originals do.
   */
  readonly rewrittenTo: number;
}

/** Last record of a segment: names the next one. */
export interface NextRecord {
  readonly segment: number;
  readonly slot: number;
  readonly salt: Uint8Array;
}

export function encodeStart(start: StartRecord): Uint8Array {
  const bytes = new Uint8Array(START_BYTES);
  writeU64(bytes, START_LAYOUT.lastLsn[0], start.lastLsn);
  writeU64(bytes, START_LAYOUT.cutSegment[0], start.cutSegment);
  writeU32(bytes, START_LAYOUT.cutOffset[0], start.cutOffset);
  writeU32(bytes, START_LAYOUT.chain[0], start.chain);
  writeU32(bytes, START_LAYOUT.previousGeneration[0], start.previousGeneration);
  writeU64(bytes, START_LAYOUT.rewrittenTo[0], start.rewrittenTo);
  return bytes;
}

export function encodeNext(next: NextRecord): Uint8Array {
  const bytes = new Uint8Array(NEXT_BYTES);
  writeU64(bytes, NEXT_LAYOUT.segment[0], next.segment);
  bytes.set(next.salt, NEXT_LAYOUT.salt[0]);
  writeU32(bytes, NEXT_LAYOUT.slot[0], next.slot);
  return bytes;
}

/** The start record at `at`, or undefined when there is none of the right shape. */
export function decodeStart(bytes: Uint8Array, frame: RecordFrame): StartRecord | undefined {
  const at = frame.payloadStart;
  if (frame.payloadEnd - at < START_BYTES) return undefined;
  const start: StartRecord = {
    lastLsn: readU64(bytes, at + START_LAYOUT.lastLsn[0]),
    cutSegment: readU64(bytes, at + START_LAYOUT.cutSegment[0]),
    cutOffset: readU32(bytes, at + START_LAYOUT.cutOffset[0]),
    chain: readU32(bytes, at + START_LAYOUT.chain[0]),
    previousGeneration: readU32(bytes, at + START_LAYOUT.previousGeneration[0]),
    rewrittenTo: readU64(bytes, at + START_LAYOUT.rewrittenTo[0]),
  };
  return Number.isNaN(start.lastLsn + start.cutSegment + start.rewrittenTo) ? undefined : start;
}

export function decodeNext(bytes: Uint8Array, frame: RecordFrame): NextRecord | undefined {
  const at = frame.payloadStart;
  if (frame.payloadEnd - at < NEXT_BYTES) return undefined;
  const segment = readU64(bytes, at + NEXT_LAYOUT.segment[0]);
  if (Number.isNaN(segment)) return undefined;
  const saltAt = at + NEXT_LAYOUT.salt[0];
  return {
    segment,
    slot: readU32(bytes, at + NEXT_LAYOUT.slot[0]),
    salt: bytes.slice(saltAt, saltAt + 8),
  };
}

const scratch = newRecordFrame();

/** The first record of a type in a control batch's body. The result is only valid until the next call. */
export function findControlRecord(
  bytes: Uint8Array,
  start: number,
  end: number,
  type: number,
): RecordFrame | undefined {
  for (let at = start; at < end;) {
    at = readRecordFrame(bytes, at, end, scratch);
    if (at < 0) return undefined;
    if (scratch.type === type) return scratch;
  }
  return undefined;
}

/**
 * What is written: records that name their client and their number among its records.
 *
 * Always true: the bytes behind the name follow from it, so that a record can be told from any other
 * and from damage.
 */
import { HEAD_WORDS, recordFrameBytes, writeRecordFrame } from '@varve/protocol';
import type { Records } from '@varve/protocol';

const TYPE = 64;
const NAME_BYTES = 8;

export interface NamedRecord {
  readonly client: number;
  readonly number: number;
}

export interface SeenRecord extends NamedRecord {
  readonly lsn: number;
}

/** Frames of `count` records from `number` on. */
export function framesOf(
  { client, number }: NamedRecord,
  count: number,
  bytes: number,
): Uint8Array<ArrayBuffer> {
  const frames = new Uint8Array(count * recordFrameBytes(0, NAME_BYTES + bytes));
  let at = 0;
  for (let index = 0; index < count; index++) {
    const payload = payloadOf({ client, number: number + index }, bytes);
    at = writeRecordFrame(frames, at, TYPE, 0, payload);
  }
  return frames;
}

export function payloadOf({ client, number }: NamedRecord, bytes: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(NAME_BYTES + bytes);
  const view = new DataView(payload.buffer);
  view.setUint32(0, client);
  view.setUint32(4, number);
  return payload.fill((client * 31 + number) & 0xff, NAME_BYTES);
}

/** The frame that ends a stream: a record's head alone. */
export function streamEnd(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(recordFrameBytes(0, 0));
  writeRecordFrame(bytes, 0, TYPE, 0, new Uint8Array());
  return bytes;
}

/**
 * @param whole the bytes of a record that lies elsewhere
 * @throws when a record is none of ours
 */
export async function recordsIn(
  { bytes, heads, runs }: Records,
  whole: (lsn: number) => Promise<Uint8Array>,
): Promise<SeenRecord[]> {
  const seen: SeenRecord[] = [];
  let row = 0;
  for (const { firstLsn, count } of runs) {
    for (let index = 0; index < count; index++, row++) {
      const [start, end] = heads.subarray(HEAD_WORDS * row + 2, HEAD_WORDS * (row + 1));
      const lsn = firstLsn + index;
      const payload = end === 0 ? await whole(lsn) : bytes.subarray(start, end);
      seen.push({ lsn, ...nameOf(payload) });
    }
  }
  return seen;
}

function nameOf(payload: Uint8Array): NamedRecord {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const [client, number] = [view.getUint32(0), view.getUint32(4)];
  const filler = (client * 31 + number) & 0xff;
  for (let at = NAME_BYTES; at < payload.length; at++) {
    if (payload[at] !== filler)
      throw new Error(`a record that claims to be ${client}:${number} is damaged`);
  }
  return { client, number };
}

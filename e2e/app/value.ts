/**
 * The bytes of a record, derived from who wrote it; and the sum by which they are compared.
 *
 * Always true: every value begins with {@link HEADER_BYTES} that say which record it is; the rest
 * is noise from the seed, so that bytes of another place, time or run cannot pass for it.
 */
import { mix } from './random.ts';

const MAGIC = 0x4352_4b31;
export const HEADER_BYTES = 32;

/** Which record: part `part` of operation `index` of `writer` in `round`. */
export interface RecordName {
  readonly round: number;
  readonly writer: number;
  readonly index: number;
  readonly part: number;
}

export function valueBytes(seed: number, name: RecordName, byteLength: number): Uint8Array {
  const words = new Uint32Array((byteLength + 3) >>> 2);
  words.set([MAGIC, seed, name.round, name.writer, name.index, name.part, byteLength, 0]);
  let state = mix(seed, name.round, name.writer, name.index, name.part) | 1;
  for (let at = HEADER_BYTES / 4; at < words.length; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[at] = state;
  }
  return new Uint8Array(words.buffer, 0, byteLength);
}

/** What the header of `bytes` claims, or undefined when it is none of ours. */
export function nameOf(bytes: Uint8Array): RecordName | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC) return undefined;
  const word = (at: number): number => view.getUint32(at * 4, true);
  return { round: word(2), writer: word(3), index: word(4), part: word(5) };
}

/** 53 bits over all bytes and the length. Its own function: the oracle trusts nothing it tests. */
export function sumOf(bytes: Uint8Array): number {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const count = aligned.length >>> 2;
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, count);
  let low = 0x811c_9dc5 ^ aligned.length;
  let high = 0x1b87_3593;
  for (let at = 0; at < count; at++) {
    const word = words[at]!;
    low = Math.imul(low ^ word, 0x0100_0193);
    high = Math.imul(high ^ (word >>> 15) ^ (word << 17), 0x85eb_ca6b) + at;
  }
  for (let at = count << 2; at < aligned.length; at++) {
    low = Math.imul(low ^ aligned[at]!, 0x0100_0193);
    high = Math.imul(high ^ aligned[at]!, 0xc2b2_ae35);
  }
  low ^= low >>> 15;
  high ^= high >>> 13;
  return ((high >>> 0) & 0x1f_ffff) * 2 ** 32 + (low >>> 0);
}

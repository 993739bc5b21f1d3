/**
 * Damage to a disk at rest: what rot, a firmware bug or a lost write leave behind. Takes effect at once
 * in what reads return, as after a reboot.
 */
import { SeededRandom } from './seeded-random.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

/** Turns one bit over; bit 0 is the lowest of byte 0. */
export function flipBit(disk: SimulatedDisk, path: string, bit: number): void {
  const at = Math.floor(bit / 8);
  disk.poke(path, Uint8Array.of(disk.peek(path)[at] ^ (1 << (bit % 8))), at);
}

/** Overwrites a range: all zeros, all ones, or noise by seed. */
export function overwrite(
  disk: SimulatedDisk,
  path: string,
  range: { at: number; length: number },
  content: 'zeros' | 'ones' | { readonly seed: number },
): void {
  const bytes = new Uint8Array(range.length).fill(content === 'ones' ? 255 : 0);
  if (typeof content === 'object') new SeededRandom(content.seed).fill(bytes);
  disk.poke(path, bytes, range.at);
}

/** Two misdirected writes: each block holds what belongs into the other. */
export function swapBlocks(
  disk: SimulatedDisk,
  path: string,
  blocks: { a: number; b: number; blockBytes: number },
): void {
  const { a, b, blockBytes } = blocks;
  const bytes = disk.peek(path);
  const block = (index: number): Uint8Array =>
    bytes.slice(index * blockBytes, (index + 1) * blockBytes);
  disk.poke(path, block(b), a * blockBytes);
  disk.poke(path, block(a), b * blockBytes);
}

/** A block holds again what it held in `earlier` (a `peek` of before): its last write was lost. */
export function makeStale(
  disk: SimulatedDisk,
  path: string,
  earlier: Uint8Array,
  block: { index: number; blockBytes: number },
): void {
  const at = block.index * block.blockBytes;
  disk.poke(path, earlier.slice(at, at + block.blockBytes), at);
}

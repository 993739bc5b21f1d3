/**
 * A leaf of the exceptions: a directory of chunks growing up, pairs growing down.
 *
 * ```
 * header │ chunk, first pair │ chunk, first pair │ 0, pairs in all (sentinel) │ … free … │ pair 2 │ pair 1 │ pair 0
 * ```
 *
 * Always true:
 * - chunks ascend; each has at least one pair; a chunk's pairs end where the next one's begin
 * - the header's count is the number of chunks, the sentinel not counted
 */
import { invariant, readU16, readU32, writeU16, writeU32 } from '@varve/bytes';
import { type Block, countOf, setCount } from './blocks.ts';
import {
  BLOCK_BODY_BYTES,
  BLOCK_BYTES,
  BLOCK_HEADER_BYTES,
  DIRECTORY_ENTRY_BYTES,
  PAIR_BYTES,
} from './format.ts';
import type { Pair } from './value.ts';

export type LeafBytes = Pick<Block, 'bytes'>;

const entryAt = (index: number): number => BLOCK_HEADER_BYTES + index * DIRECTORY_ENTRY_BYTES;
const pairAt = (index: number): number => BLOCK_BYTES - (index + 1) * PAIR_BYTES;

export const chunkAt = ({ bytes }: LeafBytes, index: number): number =>
  readU32(bytes, entryAt(index));

const firstPairOf = ({ bytes }: LeafBytes, index: number): number =>
  readU16(bytes, entryAt(index) + 4);

export function usedBytes(leaf: LeafBytes): number {
  const chunks = countOf(leaf);
  return (chunks + 1) * DIRECTORY_ENTRY_BYTES + firstPairOf(leaf, chunks) * PAIR_BYTES;
}

/** Index of the first chunk not below `chunk`. */
export function seekChunk(leaf: Block, chunk: number): number {
  let low = 0;
  let high = countOf(leaf);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (chunkAt(leaf, middle) < chunk) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function pairsAt(leaf: LeafBytes, index: number): Pair[] {
  const { bytes } = leaf;
  const pairs: Pair[] = [];
  const end = firstPairOf(leaf, index + 1);
  for (let pair = firstPairOf(leaf, index); pair < end; pair++) {
    const at = pairAt(pair);
    pairs.push({
      mask: { low: readU32(bytes, at), high: readU32(bytes, at + 4) },
      physicalPlus1: readU32(bytes, at + 8),
      digest: readU32(bytes, at + 12),
    });
  }
  return pairs;
}

export function pairsOf(leaf: Block, chunk: number): Pair[] {
  const index = seekChunk(leaf, chunk);
  return index < countOf(leaf) && chunkAt(leaf, index) === chunk ? pairsAt(leaf, index) : [];
}

/** Whether the chunk's pairs can become so many here. */
export function fits(leaf: Block, chunk: number, pairs: number): boolean {
  const index = seekChunk(leaf, chunk);
  const isThere = index < countOf(leaf) && chunkAt(leaf, index) === chunk;
  const before = isThere ? firstPairOf(leaf, index + 1) - firstPairOf(leaf, index) : 0;
  const growth = (pairs - before) * PAIR_BYTES + (isThere ? 0 : DIRECTORY_ENTRY_BYTES);
  return usedBytes(leaf) + growth <= BLOCK_BODY_BYTES;
}

/** Puts `pairs` in the place of the chunk's; none: the chunk goes. The leaf is dirty, and it fits. */
export function setPairs(leaf: Block, chunk: number, pairs: readonly Pair[]): void {
  const { bytes } = leaf;
  const index = seekChunk(leaf, chunk);
  const chunks = countOf(leaf);
  const isThere = index < chunks && chunkAt(leaf, index) === chunk;
  if (!isThere && pairs.length === 0) return;
  invariant(fits(leaf, chunk, pairs.length), 'a leaf is split before it overflows');
  const first = firstPairOf(leaf, index);
  const end = isThere ? firstPairOf(leaf, index + 1) : first;
  const all = firstPairOf(leaf, chunks);
  const shift = pairs.length - (end - first);
  // The pairs of later chunks lie below, their last one lowest.
  const [laterFrom, laterTo] = [pairAt(all - 1), pairAt(end - 1)];
  const shiftBytes = shift * PAIR_BYTES;
  const directoryStep = (isThere ? 0 : 1) - (pairs.length === 0 ? 1 : 0);
  moveDirectory(leaf, index, chunks, isThere, directoryStep);
  bytes.copyWithin(laterFrom - shiftBytes, laterFrom, laterTo);
  const next = index + (pairs.length === 0 ? 0 : 1);
  const count = chunks + directoryStep;
  setCount(leaf, count);
  if (pairs.length > 0) {
    writeU32(bytes, entryAt(index), chunk);
    writeU16(bytes, entryAt(index) + 4, first);
    writeU16(bytes, entryAt(index) + 6, 0);
  }
  for (let later = next; later <= count; later++) {
    writeU16(bytes, entryAt(later) + 4, firstPairOf(leaf, later) + shift);
  }
  pairs.forEach((pair, offset) => writePair(bytes, pairAt(first + offset), pair));
  // What is free is zeros: equal contents are equal bytes.
  bytes.fill(0, entryAt(count + 1), pairAt(all + shift - 1));
}

function moveDirectory(
  { bytes }: Block,
  index: number,
  chunks: number,
  isThere: boolean,
  step: number,
): void {
  if (step === 0) return;
  const from = entryAt(isThere ? index + 1 : index);
  bytes.copyWithin(from + step * DIRECTORY_ENTRY_BYTES, from, entryAt(chunks + 1));
}

function writePair(bytes: Uint8Array, at: number, pair: Pair): void {
  writeU32(bytes, at, pair.mask.low);
  writeU32(bytes, at + 4, pair.mask.high);
  writeU32(bytes, at + 8, pair.physicalPlus1);
  writeU32(bytes, at + 12, pair.digest);
}

/** Moves chunks from `index` on to the beginning of an empty leaf. */
export function moveTail(leaf: Block, index: number, into: Block): void {
  const moved: [number, Pair[]][] = [];
  for (let at = index; at < countOf(leaf); at++) moved.push([chunkAt(leaf, at), pairsAt(leaf, at)]);
  for (const [chunk, pairs] of moved) setPairs(into, chunk, pairs);
  for (const [chunk] of moved.toReversed()) setPairs(leaf, chunk, []);
}

/** Where to split so that both halves hold about as many bytes. At least one chunk on each side. */
export function splitIndex(leaf: Block): number {
  const half = usedBytes(leaf) / 2;
  const chunks = countOf(leaf);
  for (let index = 1; index < chunks; index++) {
    const bytes = index * DIRECTORY_ENTRY_BYTES + firstPairOf(leaf, index) * PAIR_BYTES;
    if (bytes >= half) return index;
  }
  return chunks - 1;
}

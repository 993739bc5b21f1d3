/** What a chunk is, in words: told when a person points at it. */
import type { ChunkState } from 'varve/volume';
import { count, plural } from '../ui/format.ts';
import { TILE_BYTES } from './tiles.ts';

/** How many snapshots see the same as the volume in this chunk. */
export const sharersOf = (
  { exceptLow, exceptHigh }: Pick<ChunkState, 'exceptLow' | 'exceptHigh'>,
  snapshots: number,
): number => Math.max(0, snapshots - bitsOf(exceptLow) - bitsOf(exceptHigh));

function bitsOf(word: number): number {
  let bits = 0;
  for (let rest = word >>> 0; rest !== 0; rest &= rest - 1) bits += 1;
  return bits;
}

function whose(chunk: ChunkState, snapshots: number): string {
  const sharers = sharersOf(chunk, snapshots);
  if (chunk.origin === 'hole') return 'a hole, reads as zeros and takes no space';
  if (chunk.origin === 'own' || sharers === 0)
    return snapshots === 0 ? 'the volume’s own' : 'the volume’s own, no snapshot has it';
  return sharers === snapshots
    ? `shared with ${snapshots === 1 ? 'the snapshot' : `all ${snapshots} snapshots`}`
    : `shared with ${sharers} of ${snapshots} snapshots`;
}

export function wordsOf(
  tile: number,
  chunk: ChunkState,
  snapshots: number,
  differsFrom: string | undefined,
): string {
  const older = chunk.versions - 1;
  const kept = older === 0 ? '' : `; ${plural(older, 'older version')} kept`;
  const differs = differsFrom === undefined ? '' : `. Differs from ‘${differsFrom}’`;
  return `Chunk ${count(tile)}, at byte ${count(tile * TILE_BYTES)}: ${whose(chunk, snapshots)}${kept}${differs}.`;
}

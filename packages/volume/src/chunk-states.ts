/** What each chunk of a range is shared with, for a map of the volume. */
import { type Mask, NO_BITS, union } from './mask.ts';
import type { VolumeState } from './state.ts';
import { isHole } from './value.ts';
import type { ChunkState } from './volume-port.ts';
import { ORIGIN } from './format.ts';

export function chunkStates(state: VolumeState, first: number, count: number): ChunkState[] {
  const end = Math.min(first + count, state.chunksIn(state.sizeBytes));
  const states: ChunkState[] = [];
  let next = state.exceptions.next(first);
  for (let chunk = first; chunk < end; chunk++) {
    if (next !== undefined && next.chunk < chunk) next = state.exceptions.next(chunk);
    const pairs = next?.chunk === chunk ? next.pairs : [];
    const value = state.pairAmong(pairs, ORIGIN, chunk) ?? state.originAt(chunk);
    const except: Mask = pairs.reduce((mask, pair) => union(mask, pair.mask), NO_BITS);
    const lacking = state.lacking(pairs);
    const isShared = (lacking.low | lacking.high) !== 0;
    states.push({
      origin: isHole(value) ? 'hole' : isShared ? 'shared' : 'own',
      versions: pairs.length + 1,
      exceptLow: except.low,
      exceptHigh: except.high,
    });
  }
  state.blocks.trim();
  return states;
}

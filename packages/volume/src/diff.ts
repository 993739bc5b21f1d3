/**
 * Where two views differ, from metadata alone: only chunks with exceptions can.
 *
 * Always true: ranges ascend and do not touch; equal bytes written twice may count as a difference,
 * a difference always counts. Each step sees the volume as it is then.
 */
import { CURSOR_END } from './format.ts';
import type { VolumeState } from './state.ts';
import type { ByteRange } from './volume-port.ts';

export function* diff(
  current: () => VolumeState,
  from: number,
  to: number,
): Generator<ByteRange, void, undefined> {
  const { chunkBytes } = current();
  const [small, large] = [current().sizeOf(from), current().sizeOf(to)].sort((a, b) => a - b) as [
    number,
    number,
  ];
  let start = -1;
  let end = -1;
  for (let chunk = nextDifference(current(), from, to, 0); chunk < CURSOR_END;) {
    const at = chunk * chunkBytes;
    if (at >= small) break;
    if (at !== end) {
      if (start >= 0) yield { at: start, length: end - start };
      start = at;
    }
    end = at + chunkBytes;
    chunk = nextDifference(current(), from, to, chunk + 1);
  }
  // What only one of them has differs, whatever it holds.
  if (large > small) {
    if (start < 0 || end < small) {
      if (start >= 0) yield { at: start, length: end - start };
      start = small;
    }
    end = large;
  }
  if (start >= 0) yield { at: start, length: Math.min(end, large) - start };
}

function nextDifference(state: VolumeState, from: number, to: number, after: number): number {
  for (const { chunk, pairs } of state.exceptions.scan(after)) {
    const a = state.pairAmong(pairs, from, chunk);
    const b = state.pairAmong(pairs, to, chunk);
    if (a === b) continue;
    const origin = state.originAt(chunk).physicalPlus1;
    if ((a?.physicalPlus1 ?? origin) !== (b?.physicalPlus1 ?? origin)) return chunk;
  }
  state.blocks.trim();
  return CURSOR_END;
}

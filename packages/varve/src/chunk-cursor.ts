/**
 * Walks the records of one chunk in reading order.
 *
 * Always true: after `next()` returned true, the fields describe the record it stands on.
 */
import { HEAD_WORDS } from '@varve/protocol';
import type { Records } from '@varve/protocol';

export interface ChunkCursor {
  lsn: number;
  timeMs: number;
  type: number;
  channel: number;
  /** Undefined: the record's bytes lie elsewhere. A view into the chunk. */
  payload(): Uint8Array | undefined;
  next(): boolean;
}

export function chunkCursor({ bytes, runs, heads }: Records, isReverse?: boolean): ChunkCursor {
  const step = isReverse ? -1 : 1;
  let run = 0;
  let left = 0;
  let at = -HEAD_WORDS;
  const cursor: ChunkCursor = {
    lsn: 0,
    timeMs: 0,
    type: 0,
    channel: 0,
    payload: () => (heads[at + 2] ? bytes.subarray(heads[at + 2], heads[at + 3]) : undefined),
    next() {
      while (left === 0) {
        const given = runs[run++];
        if (!given) return false;
        left = given.count;
        cursor.timeMs = given.wallTimeMs;
        cursor.lsn = isReverse ? given.firstLsn + left : given.firstLsn - 1;
      }
      left--;
      at += HEAD_WORDS;
      cursor.lsn += step;
      cursor.type = heads[at]!;
      cursor.channel = heads[at + 1]!;
      return true;
    },
  };
  return cursor;
}

/**
 * Walks the records of one chunk in reading order.
 *
 * Always true: after `next()` returned true, `frame`, `lsn` and `timeMs` describe the record it stands
 * on.
 */
import { VarveError, newRecordFrame, readRecordFrame } from '@varve/protocol';
import type { ChunkMessage, RecordFrame } from '@varve/protocol';

export interface ChunkCursor {
  readonly bytes: Uint8Array;
  readonly frame: RecordFrame;
  lsn: number;
  timeMs: number;
  next(): boolean;
}

export function chunkCursor(
  { bytes, runs }: Pick<ChunkMessage, 'bytes' | 'runs'>,
  isReverse: boolean | undefined,
): ChunkCursor {
  let run = -1;
  /** Forward: where the next frame begins. */
  let at = 0;
  let left = 0;
  /** Backward: where the frames of this run begin; it was walked forward once. */
  let starts: number[] = [];
  const frame = newRecordFrame();
  const cursor: ChunkCursor = { bytes, frame, lsn: 0, timeMs: 0, next };
  return cursor;

  function next(): boolean {
    while (left === 0) if (!nextRun()) return false;
    left--;
    if (isReverse) {
      read(starts.pop()!);
      cursor.lsn--;
    } else {
      at = read(at);
      cursor.lsn++;
    }
    return true;
  }

  function nextRun(): boolean {
    const given = runs[++run];
    if (!given) return false;
    const { firstLsn, count, start, wallTimeMs } = given;
    cursor.timeMs = wallTimeMs;
    left = count;
    at = start;
    cursor.lsn = isReverse ? firstLsn + count : firstLsn - 1;
    if (isReverse) {
      starts = [];
      for (let next = start; starts.length < count; next = read(next)) starts.push(next);
    }
    return true;
  }

  function read(from: number): number {
    const end = readRecordFrame(bytes, from, runs[run]!.end, frame);
    if (end < 0) throw new VarveError('BAD_MESSAGE', 'a chunk holds a malformed record frame');
    return end;
  }
}

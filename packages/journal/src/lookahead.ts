/**
 * Looks past a place where the log cannot be read on: for proof that something was flushed there,
 * and for the next place from which it can be read.
 *
 * Nothing here trusts the chain: a batch found this way counts by itself (identity and checksums).
 */
import { BATCH_MAGIC, BatchFlag } from './format.ts';
import { readU32 } from '@varve/bytes';
import type { ScanPoint } from './position.ts';
import { type LogView, Scanner } from './scanner.ts';
import { beginningOf, type Segment } from './segment.ts';
import type { Blocks } from './blocks.ts';

export interface LaterBatch {
  readonly point: ScanPoint;
  readonly durableLsn: number;
  readonly bearsLsns: boolean;
}

/** Every batch of `segment` that counts by itself, from `offset` on. */
export function* batchesBeyond(
  view: LogView,
  blocks: Blocks,
  segment: Segment,
  offset: number,
): Generator<LaterBatch> {
  const { alignment } = view.geometry;
  const scanner = new Scanner(view, blocks, beginningOf(segment, view.geometry));
  const limit = view.limit(segment);
  for (let at = offset; at + 4 <= limit; at += alignment) {
    blocks.ensure(segment, at, 4, limit);
    if (readU32(blocks.bytes, blocks.at) !== BATCH_MAGIC) continue;
    if (!scanner.countsAt(segment, at)) continue;
    const { header } = scanner;
    yield {
      point: {
        segment: segment.header.segment,
        offset: at,
        generation: header.generation,
        lastLsn: header.firstLsn - 1,
        chain: header.previousChecksum,
      },
      durableLsn: header.durableLsn,
      bearsLsns:
        (header.flags & (BatchFlag.Control | BatchFlag.Fragment)) === 0 && header.count > 0,
    };
  }
}

/** Whether any byte of `[offset, limit)` is not zero. */
export function hasBytesBeyond(
  view: LogView,
  blocks: Blocks,
  segment: Segment,
  offset: number,
): boolean {
  const limit = view.limit(segment);
  for (let at = offset; at < limit;) {
    const available = Math.min(blocks.ensure(segment, at, 1, limit), limit - at);
    const { bytes } = blocks;
    const end = blocks.at + available;
    for (let index = blocks.at; index < end; index++) if (bytes[index] !== 0) return true;
    at += available;
  }
  return false;
}

/**
 * The next place after damage at `from` from which the log can be read: a batch that counts by
 * itself and whose LSN and generation do not run backwards, in this segment or a later one.
 */
export function resync(
  view: LogView,
  blocks: Blocks,
  from: ScanPoint,
  lastSegment: number,
): ScanPoint | undefined {
  for (let number = from.segment; number <= lastSegment; number++) {
    const segment = view.segment(number);
    if (segment === undefined) continue;
    const offset = number === from.segment ? from.offset : view.geometry.firstOffset;
    for (const later of batchesBeyond(view, blocks, segment, offset)) {
      const { point } = later;
      if (point.lastLsn >= from.lastLsn && point.generation >= from.generation) return point;
    }
  }
  return undefined;
}

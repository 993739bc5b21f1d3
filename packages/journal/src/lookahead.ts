/**
 * Looks past a place where the log cannot be read on: for proof that something was flushed there,
 * and for the next place from which it can be read.
 *
 * Nothing here trusts the chain: a batch found this way counts by itself (identity and checksums).
 */
import { writeU32 } from '@varve/bytes';
import type { StartRecord } from './control.ts';
import { BATCH_MAGIC } from './format.ts';
import { alignUp } from './geometry.ts';
import { samePoint, type ScanPoint } from './position.ts';
import { type LogView, Scanner } from './scanner.ts';
import { beginningOf, type Segment } from './segment.ts';
import type { Blocks } from './blocks.ts';

export interface LaterBatch {
  readonly point: ScanPoint;
  /** The last LSN in it or before it. */
  readonly endLsn: number;
  readonly durableLsn: number;
  /** What it says of the generation before, when it begins one. */
  readonly start: StartRecord | undefined;
}

/** As it stands in {@link Blocks.words}. */
const MAGIC_WORD: number = new Int32Array(magicBytes().buffer)[0]!;

function magicBytes(): Uint8Array {
  const bytes = new Uint8Array(4);
  writeU32(bytes, 0, BATCH_MAGIC);
  return bytes;
}

/** Every batch of `segment` that counts by itself, from `offset`, a multiple of the alignment, on. */
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
    const available = blocks.ensure(segment, at, 4, limit);
    // The platform's own search: no code of ours is compiled yet when a store has just been opened.
    const from = blocks.at >>> 2;
    const found = blocks.words.indexOf(MAGIC_WORD, from) - from;
    const isThere = found >= 0 && 4 * found + 4 <= available;
    const passed = alignUp(isThere ? 4 * found : available, alignment);
    if (!isThere || passed > 4 * found) {
      at += passed - alignment;
      continue;
    }
    at += passed;
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
      endLsn: header.firstLsn - 1 + (scanner.bearsLsns ? header.count : 0),
      durableLsn: header.durableLsn,
      start: scanner.startRecord(),
    };
  }
}

/** Whether any byte of `[offset, limit)` is not zero; `offset` is a multiple of 4. */
export function hasBytesBeyond(
  view: LogView,
  blocks: Blocks,
  segment: Segment,
  offset: number,
): boolean {
  const limit = view.limit(segment);
  for (let at = offset; at < limit;) {
    const available = Math.min(blocks.ensure(segment, at, 1, limit), limit - at);
    if (blocks.hasBytes(available)) return true;
    at += available;
  }
  return false;
}

/**
 * The next place after damage at `from` from which the log can be read: a batch that counts by
 * itself, whose LSN and generation do not run backwards, and that nobody can have withdrawn, in this
 * segment or a later one.
 *
 * What a crash withdrew still stands in the file, and verifies. Whoever follows the log passes it by,
 * because a start record says so; behind damage that record may be what is missing. So a batch of an
 * earlier generation only counts as far as something says that the log kept it: a `durableLsn` of its
 * own generation (flushed, it was there for every recovery since), or the start record that followed
 * its generation.
 */
export function resync(
  view: LogView,
  blocks: Blocks,
  from: ScanPoint,
  lastSegment: number,
): ScanPoint | undefined {
  const keptTo = new Map<number, number>();
  const keep = (generation: number, lsn: number): void => {
    keptTo.set(generation, Math.max(keptTo.get(generation) ?? 0, lsn));
  };
  const waiting: LaterBatch[] = [];
  for (let number = from.segment; number <= lastSegment; number++) {
    const segment = view.segment(number);
    if (segment === undefined) continue;
    const offset = number === from.segment ? from.offset : view.geometry.firstOffset;
    for (const later of batchesBeyond(view, blocks, segment, offset)) {
      const { point, start } = later;
      keep(point.generation, later.durableLsn);
      if (point.generation >= view.lastGeneration) keep(point.generation, Infinity);
      if (start !== undefined) keep(start.previousGeneration, start.lastLsn);
      const onward = point.lastLsn >= from.lastLsn && point.generation >= from.generation;
      // Whoever stopped at `from` did not find a batch there; a window on older bytes may show one.
      if (onward && !samePoint(point, from)) waiting.push(later);
      const kept = waiting.find((each) => each.endLsn <= keptTo.get(each.point.generation)!);
      if (kept !== undefined) return kept.point;
    }
  }
  return undefined;
}

/** A journal as it is, for those who draw it: `varve inspect` and the demo’s inspector. */
import type { BatchLayout, StoreLayout } from '@varve/protocol';
import { BatchFlag } from './format.ts';
import { Journal } from './journal.ts';
import { batchesBeyond } from './lookahead.ts';
import type { ReadOnlyJournal } from './read-only-journal.ts';
import { Scanner } from './scanner.ts';
import { beginningOf, type Segment } from './segment.ts';

type Source = Journal | ReadOnlyJournal;
type SlotState = StoreLayout['slots'][number]['state'];

export function layoutOf(source: Source): StoreLayout {
  const { geometry, table } = source;
  const isJournal = source instanceof Journal;
  const pair = isJournal ? source.superblocks.pair : source.recovered.superblocks;
  const file = isJournal ? source.journalFile : source.file;
  const scanStart = isJournal ? source.scanPoint : source.recovered.superblock.scanStart;
  const live = table.live();
  const tail = isJournal ? source.tail.segment : live.at(-1);
  const slots: StoreLayout['slots'][number][] = [];
  for (let slot = 0; slot < table.slotCount; slot++) {
    const index = live.findIndex(({ header }) => header.slot === slot);
    const segment = live[index];
    const state: SlotState = segment === undefined ? 'spare' : segment === tail ? 'tail' : 'sealed';
    const next = live[index + 1];
    const lastLsn = segment === undefined ? 0 : (next?.header.lastLsn ?? lastLsnOf(source));
    slots.push({
      slot,
      state: segment?.headerMissing === true ? 'damaged' : state,
      segment: segment?.header.segment ?? 0,
      generation: segment?.header.generation ?? 0,
      firstLsn: segment === undefined ? 0 : segment.header.lastLsn + 1,
      lastLsn,
      usedBytes: segment === undefined ? 0 : usedBytes(source, segment, tail, next),
    });
  }
  return {
    fileBytes: file.getSize(),
    superblocks: pair.map((block, place) => ({
      place: place === 0 ? 0 : 1,
      valid: block !== undefined,
      sequence: block?.sequence ?? 0,
      generation: block?.generation ?? 0,
      clean: block?.clean ?? false,
      durableLsn: block?.durableLsn ?? 0,
      coveredLsn: block?.coveredLsn ?? 0,
      lowWater: block?.lowWater ?? 0,
    })),
    segmentSizeBytes: geometry.segmentBytes,
    slots,
    scanStart: { segment: scanStart.segment, offset: scanStart.offset },
  };
}

function lastLsnOf(source: Source): number {
  return source instanceof Journal ? source.tail.writtenLsn : source.lastLsn;
}

function usedBytes(
  source: Source,
  segment: Segment,
  tail: Segment | undefined,
  next: Segment | undefined,
): number {
  if (segment === tail) {
    return source instanceof Journal ? source.tail.writtenOffset : source.recovered.end.offset;
  }
  return next?.header.previousEnd ?? source.geometry.segmentBytes;
}

/** Every batch of a slot that counts by itself, live or left over from a cut. */
export function batchesOf(source: Source, slot: number): BatchLayout[] {
  const segment = source.table.live().find(({ header }) => header.slot === slot);
  if (segment === undefined) return [];
  const scanner = new Scanner(source, source.blocks, beginningOf(segment, source.geometry));
  const batches: BatchLayout[] = [];
  for (const { point } of batchesBeyond(
    source,
    source.blocks,
    segment,
    source.geometry.firstOffset,
  )) {
    scanner.countsAt(segment, point.offset);
    const { header } = scanner;
    batches.push({
      offset: point.offset,
      bytes: header.headerBytes + header.bodyBytes,
      generation: header.generation,
      kind: kindOf(header.flags, header.count),
      firstLsn: header.firstLsn,
      count: header.count,
      durableLsn: header.durableLsn,
      wallTimeMs: header.wallTimeMs,
    });
  }
  return batches;
}

function kindOf(flags: number, count: number): BatchLayout['kind'] {
  if ((flags & BatchFlag.Control) !== 0) return 'control';
  if ((flags & BatchFlag.Fragment) !== 0) return 'fragment';
  return count === 0 ? 'mark' : 'records';
}

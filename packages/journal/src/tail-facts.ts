/**
 * What stands where a log cannot be read on, and beyond: the evidence of `TAIL_ROWS`.
 */
import type { DamageRange } from '@varve/protocol';
import type { Blocks } from './blocks.ts';
import { alignUp } from './geometry.ts';
import { batchesBeyond, hasBytesBeyond } from './lookahead.ts';
import type { ScanPoint } from './position.ts';
import type { TailFacts } from './recovery-table.ts';
import type { LogView } from './scanner.ts';
import type { SegmentTable } from './segment-table.ts';
import type { Superblock } from './superblock.ts';

/** `provenLsn` is what superblocks, witness and everything before `end` prove. */
export function tailFactsAt(
  view: LogView,
  blocks: Blocks,
  table: SegmentTable,
  { clean: closed, scanStart }: Pick<Superblock, 'clean' | 'scanStart'>,
  end: ScanPoint,
  provenLsn: number,
): TailFacts {
  const segment = table.get(end.segment);
  let laterBatches = false;
  let provenBeyond = provenLsn > end.lastLsn ? provenLsn : 0;
  let proof: DamageRange['proof'] = provenBeyond > 0 ? 'superblock' : 'batch';
  const clean = closed && samePlace(end, scanStart);
  const bytesBeyond =
    segment !== undefined && !clean && hasBytesBeyond(view, blocks, segment, end.offset);
  if (segment !== undefined && bytesBeyond) {
    for (const later of batchesBeyond(view, blocks, segment, end.offset)) {
      laterBatches = true;
      if (later.durableLsn > end.lastLsn && later.durableLsn > provenBeyond) {
        provenBeyond = later.durableLsn;
        proof = 'batch';
      }
    }
  }
  for (const later of table.live()) {
    if (later.header.segment <= end.segment) continue;
    let durable = later.headerMissing ? 0 : later.header.durableLsn;
    for (const batch of batchesBeyond(view, blocks, later, view.geometry.firstOffset)) {
      durable = Math.max(durable, batch.durableLsn);
    }
    if (durable > end.lastLsn && durable > provenBeyond) {
      provenBeyond = durable;
      proof = 'segment';
    }
  }
  return {
    clean,
    segmentMissing: segment === undefined,
    provenBeyond,
    proof,
    laterBatches,
    bytesBeyond,
  };
}

/** How far bytes other than zeros reach beyond the end of the log, in its segment. */
export function tornBytesAt(
  { geometry }: LogView,
  blocks: Blocks,
  table: SegmentTable,
  end: ScanPoint,
): number {
  const segment = table.get(end.segment);
  if (segment === undefined) return 0;
  const step = 512;
  let last = end.offset;
  for (let at = alignUp(end.offset, step); at < geometry.segmentBytes; at += step) {
    blocks.ensure(segment, at, step, geometry.segmentBytes);
    if (blocks.hasBytes(step)) last = at + step;
  }
  return last - end.offset;
}

function samePlace(a: ScanPoint, b: ScanPoint): boolean {
  return a.segment === b.segment && a.offset === b.offset && a.generation === b.generation;
}

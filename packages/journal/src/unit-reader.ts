/**
 * Reads the fragments of a unit, in order.
 *
 * A fragment counts if (1) it counts by itself, (2) unit id and generation are the unit's, (3) its
 * number is the next one. At the end (4) the digest over all fragments is the descriptor's.
 */
import { SystemType, VarveError } from '@varve/protocol';
import type { Blocks } from './blocks.ts';
import { decodeNext, findControlRecord } from './control.ts';
import { BatchFlag } from './format.ts';
import { alignUp } from './geometry.ts';
import { type LogView, Scanner } from './scanner.ts';
import { digestFragment } from './tail.ts';
import type { UnitDescriptor } from './unit-descriptor.ts';

/** Valid until the next fragment is asked for. */
export interface Fragment {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** Record frames in it; 0 for raw bytes. */
  readonly count: number;
  readonly wallTimeMs: number;
}

/** @throws VarveError CORRUPT when a fragment does not count */
export function* readFragments(
  view: LogView,
  blocks: Blocks,
  unit: UnitDescriptor,
  lsn: number,
): Generator<Fragment> {
  const { firstSegment, firstOffset } = unit;
  const scanner = new Scanner(view, blocks, {
    segment: firstSegment,
    offset: firstOffset,
    generation: 0,
    lastLsn: 0,
    chain: 0,
  });
  const { header } = scanner;
  let segment = view.segment(firstSegment);
  let offset = firstOffset;
  let generation = -1;
  let digest = 0;
  for (let number = 0; number < unit.fragments; ) {
    if (segment === undefined || !scanner.countsAt(segment, offset)) throw damaged(lsn, number);
    const here = offset;
    const belongs = (header.flags & BatchFlag.Fragment) !== 0 && header.unitId === unit.unitId;
    const frame =
      (header.flags & BatchFlag.Control) === 0
        ? undefined
        : findControlRecord(blocks.bytes, scanner.bodyStart, scanner.bodyEnd, SystemType.Next);
    const next = frame && decodeNext(blocks.bytes, frame);
    if (next === undefined) {
      offset = alignUp(here + header.headerBytes + header.bodyBytes, view.geometry.alignment);
    } else {
      segment = view.follow(next, { ...scanner.point, generation: header.generation });
      offset = view.geometry.firstOffset;
    }
    if (!belongs) continue;
    if (generation < 0) generation = header.generation;
    if (header.fragmentNumber !== number || header.generation !== generation) throw damaged(lsn, number);
    digest = digestFragment(digest, header.headerChecksum);
    number++;
    yield {
      bytes: blocks.bytes,
      start: scanner.bodyStart,
      end: scanner.bodyEnd,
      count: header.count,
      wallTimeMs: header.wallTimeMs,
    };
  }
  if (digest !== unit.digest) throw damaged(lsn, unit.fragments);
}

function damaged(lsn: number, fragment: number): VarveError {
  return new VarveError('CORRUPT', `a fragment of record ${lsn} is damaged`, {
    facts: { from: lsn, to: lsn, fragment },
  });
}

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
import { digestFragment, type UnitDescriptor } from './unit-descriptor.ts';

/** Where a fragment is looked for, with all that was read of the unit before it. */
export interface FragmentPlace {
  readonly segment: number;
  readonly offset: number;
  readonly number: number;
  /** −1 before the first. */
  readonly generation: number;
  readonly digest: number;
  /** Bytes of the unit before it. */
  readonly position: number;
}

/** Valid until the next fragment is asked for. */
export interface Fragment {
  /** Reading can begin here again later. */
  readonly place: FragmentPlace;
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
  from: FragmentPlace = beginning(unit),
): Generator<Fragment> {
  const scanner = new Scanner(view, blocks, { ...from, lastLsn: 0, chain: 0 });
  const { header } = scanner;
  let segment = view.segment(from.segment);
  let { offset, generation, digest, number, position } = from;
  while (number < unit.fragments) {
    if (segment === undefined || !scanner.countsAt(segment, offset)) throw damaged(lsn, number);
    const here = offset;
    const place = { segment: segment.header.segment, offset, number, generation, digest, position };
    const belongs = (header.flags & BatchFlag.Fragment) !== 0 && header.unitId === unit.unitId;
    const frame =
      (header.flags & BatchFlag.Control) === 0
        ? undefined
        : findControlRecord(blocks.bytes, scanner.bodyStart, scanner.bodyEnd, SystemType.Next);
    const next = frame && decodeNext(blocks.bytes, frame);
    if (next === undefined) {
      offset = alignUp(here + header.headerBytes + header.bodyBytes, view.geometry.alignment);
    } else {
      // Numbers only go up: a log that leads back to itself would be read for ever.
      if (next.segment !== segment.header.segment + 1) throw damaged(lsn, number);
      segment = view.follow(next, { ...scanner.point, generation: header.generation });
      offset = view.geometry.firstOffset;
    }
    if (!belongs) continue;
    if (generation < 0) generation = header.generation;
    if (header.fragmentNumber !== number || header.generation !== generation)
      throw damaged(lsn, number);
    digest = digestFragment(digest, header.headerChecksum);
    number++;
    position += header.bodyBytes;
    yield {
      place,
      bytes: blocks.bytes,
      start: scanner.bodyStart,
      end: scanner.bodyEnd,
      count: header.count,
      wallTimeMs: header.wallTimeMs,
    };
  }
  if (digest !== unit.digest) throw damaged(lsn, unit.fragments);
}

function beginning(unit: UnitDescriptor): FragmentPlace {
  return {
    segment: unit.firstSegment,
    offset: unit.firstOffset,
    number: 0,
    generation: -1,
    digest: 0,
    position: 0,
  };
}

function damaged(lsn: number, fragment: number): VarveError {
  return new VarveError('CORRUPT', `a fragment of record ${lsn} is damaged`, {
    facts: { from: lsn, to: lsn, fragment },
  });
}

/**
 * Writes records again of which nothing proves that they were flushed: a page cache that survived a
 * failed flush shows bytes that the disk does not hold.
 *
 * Same LSNs, same times, new generation, one flush. Until that flush the originals count (the start
 * record names the last LSN that must be there for the restart to count).
 */
import { newRecordFrame, readRecordFrame, RecordFlag, VarveError } from '@varve/protocol';
import type { Blocks } from './blocks.ts';
import type { ClientRun } from './client-run.ts';
import { UNIT_DESCRIPTOR_BYTES } from './format.ts';
import { externalFrame } from './group.ts';
import type { Unproven } from './recovery.ts';
import { type LogView, Scanner } from './scanner.ts';
import { OpenUnit, type UnitHost } from './unit.ts';
import {
  encodeUnitDescriptor,
  readUnitDescriptor,
  type UnitDescriptor,
} from './unit-descriptor.ts';
import { readFragments } from './unit-reader.ts';

interface RewriteHost extends UnitHost, LogView {
  /**
   * The oldest segment that records which are written again need: segments that begin meanwhile name it,
   * and the restart's own, which began before all of them.
   */
  rewrittenFrom: number;
  readonly blocks: Blocks;
  readonly geometry: LogView['geometry'];
}

/** Returns how many records were written again. */
export function rewriteUnproven(host: RewriteHost, unproven: readonly Unproven[]): number {
  const { tail } = host;
  let records = 0;
  tail.purpose = 'engine';
  for (const { point, count } of unproven) {
    const segment = host.segment(point.segment);
    const scanner = new Scanner(host, host.blocks, point);
    const there = segment !== undefined && scanner.countsAt(segment, point.offset);
    // What recovery accepted may still be bytes that a stranger made: they verify, and make no sense.
    if (!there || tail.lastLsn !== point.lastLsn) throw senseless(point.lastLsn + 1);
    const { unit, wallTimeMs } = scanner.header;
    const run = scanner.header.run.groups > 0 ? { ...scanner.header.run } : undefined;
    const body = host.blocks.bytes.slice(scanner.bodyStart, scanner.bodyEnd);
    if (unit === undefined) {
      const frames = settleExternals(host, body, point.lastLsn + 1);
      tail.addRecords(frames, 0, frames.length, count, run, wallTimeMs);
    } else {
      const copy = unit.settled ? unit : copyUnit(host, unit, point.lastLsn + 1, body.length, run);
      tail.addUnitEnd(copy, body, 0, body.length, count, run, wallTimeMs);
    }
    records += count;
  }
  tail.purpose = 'append';
  host.flush();
  return records;
}

/** Copies fragments that were not flushed before their end was written. */
function copyUnit(
  host: RewriteHost,
  unit: UnitDescriptor,
  lsn: number,
  endBytes: number,
  run?: ClientRun,
): UnitDescriptor {
  const copy = new OpenUnit(host, Number.MAX_SAFE_INTEGER);
  try {
    for (const { bytes, start, end, count } of readFragments(host, host.blocks, unit, lsn)) {
      copy.writeFragment(bytes, start, end, count);
    }
    const made = copy.finish(endBytes, run);
    host.rewrittenFrom = Math.min(host.rewrittenFrom, made.firstSegment);
    return made;
  } finally {
    copy.close();
  }
}

function senseless(lsn: number): VarveError {
  return new VarveError('CORRUPT', `record ${lsn} verifies but makes no sense`, {
    facts: { from: lsn, to: lsn },
  });
}

/** The same frames, with the fragments of external records copied where they need it. */
function settleExternals(host: RewriteHost, frames: Uint8Array, firstLsn: number): Uint8Array {
  const frame = newRecordFrame();
  const pieces: Uint8Array[] = [];
  let copied = false;
  for (let at = 0, lsn = firstLsn; at < frames.length; lsn++) {
    const next = readRecordFrame(frames, at, frames.length, frame);
    if (next < 0) throw senseless(lsn);
    const external = (frame.flags & RecordFlag.External) !== 0;
    const unit =
      external && frame.payloadEnd - frame.payloadStart === UNIT_DESCRIPTOR_BYTES
        ? readUnitDescriptor(frames, frame.payloadStart)
        : undefined;
    const there = unit === undefined || unit.settled ? unit : copyUnit(host, unit, lsn, 64);
    if (there === undefined || there === unit) {
      pieces.push(frames.subarray(at, next));
    } else {
      pieces.push(externalFrame(frame.type, frame.channel, encodeUnitDescriptor(there)));
      copied = true;
    }
    at = next;
  }
  if (!copied) return frames;
  const joined = new Uint8Array(frames.length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined.subarray(0, at);
}

/**
 * An atomic group of records on its way into the tail: in one batch when it fits, else as a unit of
 * records whose last batch makes all of them visible at once.
 */
import {
  APPLICATION_TYPE_MIN,
  newRecordFrame,
  readRecordFrame,
  RecordFlag,
  VarveError,
  writeRecordHead,
} from '@varve/protocol';
import { BATCH_BODY_TARGET, UNIT_DESCRIPTOR_BYTES } from './format.ts';
import { runBytes } from './batch.ts';
import type { ClientRun } from './client-run.ts';
import { OpenUnit, type UnitHost } from './unit.ts';
import { encodeUnitDescriptor } from './unit-descriptor.ts';

export interface GroupHost extends UnitHost {
  readonly recordBytesMax: number;
}

interface GroupShape {
  readonly count: number;
  readonly longestFrame: number;
}

/** Stages `frames[from, to)`, for a client's message or nobody's. Returns how many records it holds. */
export function appendGroup(
  host: GroupHost,
  frames: Uint8Array,
  from: number,
  to: number,
  run?: ClientRun,
): number {
  const { count, longestFrame } = measure(frames, from, to, host.recordBytesMax);
  const bodyMax = host.geometry.bodyMax - runBytes(run);
  if (to - from <= bodyMax) {
    host.tail.addRecords(frames, from, to, count, run);
    return count;
  }
  const units: OpenUnit[] = [];
  try {
    const small =
      longestFrame > bodyMax
        ? outsource(host, frames, from, to, units, bodyMax)
        : frames.subarray(from, to);
    if (small.length <= bodyMax) {
      host.tail.addRecords(small, 0, small.length, count, run);
    } else {
      addUnitOfRecords(host, small, count, units, bodyMax, run);
    }
  } finally {
    for (const unit of units) unit.close();
  }
  return count;
}

/** @throws VarveError BAD_MESSAGE, RECORD_TOO_LARGE */
function measure(frames: Uint8Array, from: number, to: number, recordBytesMax: number): GroupShape {
  const frame = newRecordFrame();
  let count = 0;
  let longestFrame = 0;
  for (let at = from; at < to; count++) {
    const next = readRecordFrame(frames, at, to, frame);
    if (
      next < 0 ||
      frame.type < APPLICATION_TYPE_MIN ||
      (frame.flags & RecordFlag.External) !== 0
    ) {
      throw new VarveError('BAD_MESSAGE', 'a record frame is malformed', {
        facts: { at: at - from },
        outcome: 'not-written',
      });
    }
    longestFrame = Math.max(longestFrame, next - at);
    at = next;
  }
  if (count === 0 || longestFrame > recordBytesMax) {
    throw new VarveError(count === 0 ? 'BAD_MESSAGE' : 'RECORD_TOO_LARGE', undefined, {
      facts: { count, longestFrame, maxRecordBytes: recordBytesMax },
      outcome: 'not-written',
    });
  }
  return { count, longestFrame };
}

/** Payloads too long for a batch become fragments; an external record stands in their place. */
function outsource(
  host: GroupHost,
  frames: Uint8Array,
  from: number,
  to: number,
  units: OpenUnit[],
  bodyMax: number,
): Uint8Array {
  const frame = newRecordFrame();
  const pieces: Uint8Array[] = [];
  for (let at = from; at < to;) {
    const next = readRecordFrame(frames, at, to, frame);
    if (next - at <= bodyMax) {
      pieces.push(frames.subarray(at, next));
    } else {
      if ((frame.flags & RecordFlag.Attributes) !== 0) {
        throw new VarveError('RECORD_TOO_LARGE', 'a record with attributes must fit in a batch', {
          outcome: 'not-written',
        });
      }
      const unit = new OpenUnit(host, host.recordBytesMax);
      units.push(unit);
      unit.write(frames, frame.payloadStart, frame.payloadEnd);
      pieces.push(externalFrame(frame.type, frame.channel, encodeUnitDescriptor(unit.finish(64))));
    }
    at = next;
  }
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const joined = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** The frame of a record whose payload lies in fragments. */
export function externalFrame(type: number, channel: number, descriptor: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(2 + 5 + 1 + UNIT_DESCRIPTOR_BYTES);
  const start = writeRecordHead(
    bytes,
    0,
    type,
    channel,
    UNIT_DESCRIPTOR_BYTES,
    RecordFlag.External,
  );
  bytes.set(descriptor, start);
  return bytes.subarray(0, start + UNIT_DESCRIPTOR_BYTES);
}

function addUnitOfRecords(
  host: GroupHost,
  frames: Uint8Array,
  count: number,
  units: OpenUnit[],
  bodyMax: number,
  run: ClientRun | undefined,
): void {
  const unit = new OpenUnit(host, Number.MAX_SAFE_INTEGER);
  units.push(unit);
  const target = Math.min(BATCH_BODY_TARGET, bodyMax);
  const frame = newRecordFrame();
  let start = 0;
  let inFragment = 0;
  for (let at = 0; at < frames.length;) {
    const next = readRecordFrame(frames, at, frames.length, frame);
    if (inFragment > 0 && next - start > target) {
      unit.writeFragment(frames, start, at, inFragment);
      start = at;
      inFragment = 0;
    }
    inFragment++;
    at = next;
  }
  // The end holds the last frames, so that at least one record lies in the batch that bears the LSNs.
  const descriptor = unit.finish(frames.length - start, run);
  host.tail.addUnitEnd(descriptor, frames, start, frames.length, count, run);
}

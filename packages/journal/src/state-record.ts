/**
 * The record that holds a checkpoint's state: `u64 coveredLsn`, then the state, in its batch or, when
 * it is too long for one, in fragments.
 */
import { readU64, writeU64 } from '@varve/bytes';
import {
  newRecordFrame,
  type RecordFrame,
  readRecordFrame,
  RecordFlag,
  SystemType,
  VarveError,
} from '@varve/protocol';
import type { Blocks } from './blocks.ts';
import { STATE_HEAD_BYTES, UNIT_DESCRIPTOR_BYTES } from './format.ts';
import { Gathered } from './gathered.ts';
import type { ScanPoint } from './position.ts';
import { type LogView, Scanner } from './scanner.ts';
import { OpenUnit, type UnitHost } from './unit.ts';
import {
  encodeUnitDescriptor,
  readUnitDescriptor,
  type UnitDescriptor,
} from './unit-descriptor.ts';
import { readFragments } from './unit-reader.ts';

export interface StoredState {
  readonly state: Uint8Array;
  readonly coveredLsn: number;
}

/** Stages a state record. Returns the place of its batch. */
export function addState(host: UnitHost, state: Uint8Array, upTo: number): ScanPoint {
  const inline = STATE_HEAD_BYTES + state.length + 16 <= host.geometry.bodyMax;
  const payload = new Uint8Array(
    STATE_HEAD_BYTES + (inline ? state.length : UNIT_DESCRIPTOR_BYTES),
  );
  writeU64(payload, 0, upTo);
  if (inline) {
    payload.set(state, STATE_HEAD_BYTES);
    return host.tail.addControl(SystemType.State, payload);
  }
  const unit = new OpenUnit(host, Number.MAX_SAFE_INTEGER);
  try {
    unit.write(state, 0, state.length);
    payload.set(encodeUnitDescriptor(unit.finish(payload.length + 16)), STATE_HEAD_BYTES);
    return host.tail.addControl(SystemType.State, payload, RecordFlag.External);
  } finally {
    unit.close();
  }
}

/** The state record at a place. @throws VarveError CORRUPT */
export function readStateAt(
  view: LogView,
  blocks: Blocks,
  segmentNumber: number,
  offset: number,
): StoredState {
  const segment = view.segment(segmentNumber);
  const scanner = new Scanner(view, blocks, {
    segment: segmentNumber,
    offset,
    generation: 0,
    lastLsn: 0,
    chain: 0,
  });
  const frame = newRecordFrame();
  const found =
    segment !== undefined && scanner.countsAt(segment, offset) && readStateFrame(scanner, frame);
  const head = found ? readU64(blocks.bytes, frame.payloadStart) : Number.NaN;
  if (!found || Number.isNaN(head)) {
    throw new VarveError('CORRUPT', 'the last checkpoint’s state is damaged', {
      facts: { segment: segmentNumber, offset },
    });
  }
  const start = frame.payloadStart + STATE_HEAD_BYTES;
  if ((frame.flags & RecordFlag.External) === 0) {
    return { state: blocks.bytes.slice(start, frame.payloadEnd), coveredLsn: head };
  }
  const unit = readUnitDescriptor(blocks.bytes, start);
  if (unit === undefined) throw new VarveError('CORRUPT', 'the last checkpoint’s state is damaged');
  return { state: gather(view, blocks, unit, head), coveredLsn: head };
}

function readStateFrame(scanner: Scanner, into: RecordFrame): boolean {
  const end = readRecordFrame(scanner.blocks.bytes, scanner.bodyStart, scanner.bodyEnd, into);
  return (
    end >= 0 &&
    into.type === SystemType.State &&
    into.payloadEnd - into.payloadStart >= STATE_HEAD_BYTES
  );
}

/** All bytes of a unit. @throws VarveError CORRUPT */
function gather(view: LogView, blocks: Blocks, unit: UnitDescriptor, lsn: number): Uint8Array {
  const gathered = new Gathered(unit.bytes);
  for (const { bytes, start, end } of readFragments(view, blocks, unit, lsn))
    gathered.add(bytes.subarray(start, end));
  if (gathered.length !== unit.bytes)
    throw new VarveError('CORRUPT', 'the last checkpoint’s state is not as long as it says');
  return gathered.take();
}

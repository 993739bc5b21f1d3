/**
 * A system record with a body of any length: a checkpoint's state, the engine's client table.
 *
 * Always true: the record stands in a control batch of its own; a body that does not fit there lies
 * in fragments, and the head is followed by their descriptor instead.
 */
import {
  isVarveError,
  newRecordFrame,
  readRecordFrame,
  RecordFlag,
  VarveError,
} from '@varve/protocol';
import type { Blocks } from './blocks.ts';
import { UNIT_DESCRIPTOR_BYTES } from './format.ts';
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

/** Which record is meant, and how large it may be. */
export interface SystemRecordKind {
  readonly type: number;
  /** What stands before the body, in the record itself. */
  readonly headBytes: number;
  readonly bodyBytesMax: number;
  /** What it is, for errors. */
  readonly name: string;
}

/** Stages a record. Returns the place of its batch. @throws what `slots` says */
export function addSystemRecord(
  host: UnitHost,
  { type, headBytes }: SystemRecordKind,
  head: Uint8Array,
  body: Uint8Array,
): ScanPoint {
  const inline = headBytes + body.length + 16 <= host.geometry.bodyMax;
  const payload = new Uint8Array(headBytes + (inline ? body.length : UNIT_DESCRIPTOR_BYTES));
  payload.set(head);
  if (inline) {
    payload.set(body, headBytes);
    return host.tail.addControl(type, payload);
  }
  const unit = new OpenUnit(host, Number.MAX_SAFE_INTEGER);
  try {
    unit.write(body, 0, body.length);
    payload.set(encodeUnitDescriptor(unit.finish(payload.length + 16)), headBytes);
    return host.tail.addControl(type, payload, RecordFlag.External);
  } finally {
    unit.close();
  }
}

/** The head and body of the record at a place. @throws VarveError CORRUPT, IO_ERROR */
export function readSystemRecord(
  view: LogView,
  blocks: Blocks,
  kind: SystemRecordKind,
  segmentNumber: number,
  offset: number,
): { head: Uint8Array; body: Uint8Array } {
  const { type, headBytes, name } = kind;
  const segment = view.segment(segmentNumber);
  const scanner = new Scanner(view, blocks, {
    segment: segmentNumber,
    offset,
    generation: 0,
    lastLsn: 0,
    chain: 0,
  });
  const damaged = (cause?: unknown): VarveError =>
    new VarveError('CORRUPT', `${name} is damaged`, {
      facts: { segment: segmentNumber, offset },
      cause,
    });
  if (segment === undefined || !scanner.countsAt(segment, offset)) throw damaged();
  const frame = newRecordFrame();
  const end = readRecordFrame(blocks.bytes, scanner.bodyStart, scanner.bodyEnd, frame);
  const start = frame.payloadStart + headBytes;
  if (end < 0 || frame.type !== type || start > frame.payloadEnd) throw damaged();
  const head = blocks.bytes.slice(frame.payloadStart, start);
  if ((frame.flags & RecordFlag.External) === 0)
    return { head, body: blocks.bytes.slice(start, frame.payloadEnd) };
  const isWhole = frame.payloadEnd - start >= UNIT_DESCRIPTOR_BYTES;
  const unit = isWhole ? readUnitDescriptor(blocks.bytes, start) : undefined;
  if (unit === undefined || unit.bytes > kind.bodyBytesMax) throw damaged();
  try {
    return { head, body: gather(view, blocks, unit, name) };
  } catch (error) {
    throw isVarveError(error, 'CORRUPT') ? damaged(error) : error;
  }
}

/** All bytes of a unit. @throws VarveError CORRUPT */
function gather(view: LogView, blocks: Blocks, unit: UnitDescriptor, name: string): Uint8Array {
  const gathered = new Gathered(unit.bytes);
  for (const { bytes, start, end } of readFragments(view, blocks, unit, 0))
    gathered.add(bytes.subarray(start, end));
  if (gathered.length !== unit.bytes)
    throw new VarveError('CORRUPT', `${name} is not as long as it says`);
  return gathered.take();
}

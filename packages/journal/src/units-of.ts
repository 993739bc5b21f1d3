/** The units that a batch ends: it is the end of one, or its external records each have one. */
import { newRecordFrame, readRecordFrame, RecordFlag } from '@varve/protocol';
import type { Blocks } from './blocks.ts';
import { UNIT_DESCRIPTOR_BYTES } from './format.ts';
import type { Scanner } from './scanner.ts';
import { readUnitDescriptor, type UnitDescriptor } from './unit-descriptor.ts';

/** A unit, and the records that it makes up. */
export interface EndedUnit {
  readonly unit: UnitDescriptor;
  readonly from: number;
  readonly to: number;
}

/** Of the batch that `scanner` stands behind, whose bytes are still in `blocks`. */
export function unitsOf(scanner: Scanner, blocks: Blocks): EndedUnit[] {
  const { firstLsn, count, unit } = scanner.header;
  if (!scanner.bearsLsns || count === 0) return [];
  const to = firstLsn + count - 1;
  if (unit !== undefined) return [{ unit, from: firstLsn, to }];
  const ended: EndedUnit[] = [];
  const frame = newRecordFrame();
  const { bytes } = blocks;
  let at = scanner.bodyStart;
  for (let lsn = firstLsn; lsn <= to && at >= 0; lsn++) {
    at = readRecordFrame(bytes, at, scanner.bodyEnd, frame);
    const isExternal =
      at >= 0 &&
      (frame.flags & RecordFlag.External) !== 0 &&
      frame.payloadEnd - frame.payloadStart === UNIT_DESCRIPTOR_BYTES;
    const external = isExternal ? readUnitDescriptor(bytes, frame.payloadStart) : undefined;
    if (external !== undefined) ended.push({ unit: external, from: lsn, to: lsn });
  }
  return ended;
}

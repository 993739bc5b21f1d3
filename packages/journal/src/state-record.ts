/**
 * The record that holds a checkpoint's state: `u64 coveredLsn`, then the state, in its batch or, when
 * it is too long for one, in fragments.
 */
import { readU64, writeU64 } from '@varve/bytes';
import { SystemType, VarveError } from '@varve/protocol';
import type { Blocks } from './blocks.ts';
import { STATE_HEAD_BYTES } from './format.ts';
import type { ScanPoint } from './position.ts';
import type { LogView } from './scanner.ts';
import { addSystemRecord, readSystemRecord, type SystemRecordKind } from './system-record.ts';
import type { UnitHost } from './unit.ts';

const STATE: SystemRecordKind = {
  type: SystemType.State,
  headBytes: STATE_HEAD_BYTES,
  bodyBytesMax: Number.MAX_SAFE_INTEGER,
  name: 'the last checkpoint’s state',
};

export interface StoredState {
  readonly state: Uint8Array;
  readonly coveredLsn: number;
}

/** Stages a state record. Returns the place of its batch. */
export function addState(host: UnitHost, state: Uint8Array, upTo: number): ScanPoint {
  const head = new Uint8Array(STATE_HEAD_BYTES);
  writeU64(head, 0, upTo);
  return addSystemRecord(host, STATE, head, state);
}

/** The state record at a place. @throws VarveError CORRUPT */
export function readStateAt(
  view: LogView,
  blocks: Blocks,
  segment: number,
  offset: number,
): StoredState {
  const { head, body } = readSystemRecord(view, blocks, STATE, segment, offset);
  const coveredLsn = readU64(head, 0);
  if (!Number.isNaN(coveredLsn)) return { state: body, coveredLsn };
  throw new VarveError('CORRUPT', 'the last checkpoint’s state is damaged', {
    facts: { segment, offset },
  });
}

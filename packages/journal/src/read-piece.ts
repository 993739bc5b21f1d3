import { newRecordFrame, readRecordFrame, RecordFlag, VarveError } from '@varve/protocol';
import type { StorePort } from './store-port.ts';

/** Part of a record's bytes, whether it was written as a unit or lies in a batch. */
export function readPiece(
  store: Pick<StorePort, 'readChunk' | 'readUnit'>,
  lsn: number,
  at: number,
  maxBytes: number,
): { bytes: Uint8Array; done: boolean } {
  const { bytes, runs } = store.readChunk({
    after: lsn - 1,
    before: lsn + 1,
    visibility: 'written',
    maxBytes: 1,
  });
  const [run] = runs;
  const frame = newRecordFrame();
  if (run === undefined || readRecordFrame(bytes, run.start, run.end, frame) < 0) {
    throw new VarveError('NOT_FOUND', undefined, { facts: { lsn } });
  }
  if ((frame.flags & RecordFlag.External) !== 0) return store.readUnit(lsn, at, maxBytes);
  const end = Math.min(frame.payloadStart + at + maxBytes, frame.payloadEnd);
  return { bytes: bytes.slice(frame.payloadStart + at, end), done: end === frame.payloadEnd };
}

/**
 * Brings a state from its header to the end of the journal: every record after what the header
 * covers, through the very function that applied it when it was written.
 *
 * Always true: all records read here are durable, since recovery saw to it before the store opened.
 */
import type { Store } from '@varve/journal';
import { newRecordFrame, readRecordFrame, RecordFlag, VarveError } from '@varve/protocol';
import { VOLUME_RECORD_TYPE } from './format.ts';
import { OVERLAY_BYTES_MAX } from './options.ts';
import { decodeRedo } from './redo.ts';
import type { VolumeState } from './state.ts';
import type { VolumeFiles } from './volume-files.ts';

/** Few volumes have more to replay, and each opening reserves so much. */
const READ_BYTES = 65_536;

/** Where records are read from: a store, or a journal that is only looked at. */
export type RecordSource = Pick<Store, 'readChunk' | 'readUnit'>;

export interface Replayed {
  readonly records: number;
  readonly bytes: number;
}

/**
 * @param files where images go when too many wait in memory; undefined: nowhere, all of them wait
 * @throws VarveError CORRUPT, IO_ERROR, UNSUPPORTED_VERSION, BAD_ARGUMENT (records of somebody else)
 */
export function replay(
  source: RecordSource,
  state: VolumeState,
  files: VolumeFiles | undefined,
  coveredLsn: number,
): Replayed {
  const frame = newRecordFrame();
  let after = coveredLsn;
  let records = 0;
  let total = 0;
  for (let done = false; !done;) {
    const chunk = source.readChunk({ after, maxBytes: READ_BYTES });
    ({ done } = chunk);
    for (const run of chunk.runs) {
      let at = run.start;
      for (let lsn = run.firstLsn; lsn < run.firstLsn + run.count; lsn++) {
        if (lsn !== after + 1) throw missing(after + 1, lsn);
        at = readRecordFrame(chunk.bytes, at, run.end, frame);
        if (at < 0 || frame.type !== VOLUME_RECORD_TYPE) throw foreign(lsn, frame.type);
        const payload =
          (frame.flags & RecordFlag.External) === 0
            ? chunk.bytes.subarray(frame.payloadStart, frame.payloadEnd)
            : source.readUnit(lsn, 0, Number.MAX_SAFE_INTEGER).bytes;
        for (const redo of decodeRedo(payload, state.chunkBytes, lsn)) state.apply(redo, lsn);
        state.blocks.trim();
        records++;
        total += payload.length;
        after = lsn;
      }
    }
    if (files !== undefined && state.overlay.bytes > OVERLAY_BYTES_MAX) {
      state.overlay.apply(files, after);
    }
  }
  return { records, bytes: total };
}

const missing = (from: number, to: number): VarveError =>
  new VarveError('CORRUPT', 'records that a volume needs are gone', {
    facts: { from, to: to - 1 },
  });

const foreign = (lsn: number, type: number): VarveError =>
  new VarveError('BAD_ARGUMENT', 'this store holds no volume', {
    facts: { lsn, type },
  });

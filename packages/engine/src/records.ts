/**
 * A chunk as clients get it: with a table of its records, so that they need not know frames.
 *
 * Always true: the table has as many rows as the runs have records, in reading order.
 */
import type { Chunk } from '@varve/journal';
import {
  HEAD_WORDS,
  RecordFlag,
  VarveError,
  newRecordFrame,
  readRecordFrame,
} from '@varve/protocol';
import type { Records } from '@varve/protocol';

/** @throws CORRUPT when verified bytes do not hold the frames that they should */
export function recordsOf(
  { bytes, runs }: Pick<Chunk, 'bytes' | 'runs'>,
  reverse = false,
): Records & { readonly heads: Uint32Array<ArrayBuffer> } {
  let records = 0;
  for (const { count } of runs) records += count;
  const heads = new Uint32Array(HEAD_WORDS * records);
  const frame = newRecordFrame();
  let row = 0;
  for (const { firstLsn, count, start, end } of runs) {
    let at = start;
    for (let index = 0; index < count; index++) {
      at = readRecordFrame(bytes, at, end, frame);
      if (at < 0) {
        const facts = { from: firstLsn + index, to: firstLsn + count - 1 };
        throw new VarveError('CORRUPT', 'a malformed record', { facts });
      }
      const word = HEAD_WORDS * (row + (reverse ? count - 1 - index : index));
      heads[word] = frame.type;
      heads[word + 1] = frame.channel;
      if ((frame.flags & RecordFlag.External) !== 0) continue;
      heads[word + 2] = frame.payloadStart;
      heads[word + 3] = frame.payloadEnd;
    }
    row += count;
  }
  return {
    bytes,
    runs: runs.map(({ firstLsn, count, wallTimeMs }) => ({ firstLsn, count, wallTimeMs })),
    heads,
  };
}

/** A read of what a store shows now: from its first record that is left to the last that is visible. */
import { VarveError } from '@varve/protocol';
import type { ReadRange } from './reader.ts';
import type { Chunk, ReadRequest } from './store-port.ts';

interface Readable {
  read(range: ReadRange, reverse: boolean): Chunk;
}

/** @throws VarveError TRIMMED, CORRUPT, IO_ERROR */
export function readVisible(
  source: Readable,
  firstLsn: number,
  visibleLsn: number,
  request: ReadRequest,
): Chunk {
  let { after } = request;
  if (after + 1 < firstLsn) {
    if (after !== 0) {
      throw new VarveError('TRIMMED', undefined, { facts: { after, firstLsn } });
    }
    after = firstLsn - 1;
  }
  const upTo = Math.min(visibleLsn, (request.before ?? Number.MAX_SAFE_INTEGER) - 1);
  if (after >= upTo) return { bytes: new Uint8Array(0), runs: [], done: true };
  const { maxBytes, reuse } = request;
  return source.read({ after, upTo, maxBytes, reuse }, request.reverse === true);
}

/** Everything that verifies, in order, with the missing ranges where they are. */
import { type DamageRange, isVarveError } from '@varve/protocol';
import type { Chunk, ReadRequest } from './store-port.ts';

const PIECE_BYTES = 262_144;

export function* salvageAll(
  readChunk: (request: ReadRequest) => Chunk,
  firstLsn: number,
  lastLsn: number,
): Generator<Chunk | DamageRange> {
  let after = firstLsn - 1;
  while (after < lastLsn) {
    try {
      const chunk = readChunk({ after, before: lastLsn + 1, maxBytes: PIECE_BYTES });
      const run = chunk.runs.at(-1);
      if (run === undefined) return;
      yield chunk;
      after = run.firstLsn + run.count - 1;
    } catch (error) {
      if (!isVarveError(error, 'CORRUPT')) throw error;
      const to = Math.max(after + 1, Number(error.facts['to'] ?? after + 1));
      yield { from: after + 1, to, proof: 'read' };
      after = to;
    }
  }
}

/**
 * Writes one record piece by piece: for streams, and for values too large for a message.
 *
 * Always true: nothing of it is visible before the commit; whatever fails before, the engine is told
 * to forget it and the outcome is `not-written`.
 */
import { VarveError, asVarveError, checkArgument, withOutcome } from '@varve/protocol';
import type { UnitRecord } from '@varve/protocol';
import { untilAborted } from './abort.ts';
import type { ControlClient } from './control-client.ts';

const PIECE_BYTES = 256 * 1024;

export type Pieces = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export async function appendUnit(
  control: ControlClient,
  pieces: Pieces,
  record: UnitRecord,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  const source = iteratorOf(pieces);
  let stream: number | undefined;
  let outcome: 'not-written' | 'unknown' = 'not-written';
  try {
    stream = await untilAborted(control.call('openUnit'), signal);
    let total = 0;
    for (;;) {
      const { done, value } = await untilAborted(Promise.resolve(source.next()), signal);
      if (done) break;
      checkArgument(value instanceof Uint8Array, 'stream', 'a stream of Uint8Array');
      total += value.length;
      if (total > maxBytes) throw tooLarge(total, maxBytes);
      for (let at = 0; at < value.length; at += PIECE_BYTES) {
        const piece = value.slice(at, at + PIECE_BYTES);
        await untilAborted(control.call('write', stream, piece), signal);
      }
    }
    outcome = 'unknown';
    return await untilAborted(control.call('commitUnit', stream, record), signal);
  } catch (cause) {
    const error = asVarveError(cause);
    if (outcome === 'not-written') {
      if (stream !== undefined) control.call('dropStream', stream).catch(() => undefined);
      void Promise.resolve(source.return?.()).catch(() => undefined);
      throw withOutcome(error, outcome);
    }
    throw withOutcome(error, error.outcome ?? outcome);
  }
}

function iteratorOf(pieces: Pieces): AsyncIterator<Uint8Array> | Iterator<Uint8Array> {
  if (Symbol.iterator in pieces) return pieces[Symbol.iterator]();
  // Not every browser's streams can be iterated: readers everywhere.
  if (pieces instanceof ReadableStream) {
    const reader = pieces.getReader();
    return {
      next: async () => (await reader.read()) as IteratorResult<Uint8Array>,
      return: async () => {
        await reader.cancel();
        return { done: true, value: undefined };
      },
    };
  }
  return pieces[Symbol.asyncIterator]();
}

export function tooLarge(bytes: number, limitBytes: number): VarveError {
  const facts = { bytes, limitBytes };
  return new VarveError('RECORD_TOO_LARGE', undefined, { facts, outcome: 'not-written' });
}

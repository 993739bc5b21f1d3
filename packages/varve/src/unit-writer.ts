/**
 * Writes one record piece by piece, as a stream brings it.
 *
 * Always true:
 * - nothing of it is visible before its end was appended; whatever fails before, the engine is told to
 *   forget it and the outcome is `not-written`
 * - its end is an append like any other: the record takes its place behind what was appended before
 *   the stream ended
 */
import { asVarveError, checkArgument, withOutcome } from '@varve/protocol';
import { untilAborted } from './abort.ts';
import type { AppendCall, AppendQueue } from './append-queue.ts';
import type { ControlClient } from './control-client.ts';

const PIECE_BYTES = 256 * 1024;
const WANTED = 'a stream of Uint8Array';

export type Pieces = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

export async function appendUnit(
  control: ControlClient,
  appends: AppendQueue,
  pieces: Pieces,
  call: Omit<AppendCall, 'payloads' | 'stream'>,
): Promise<number> {
  const { signal } = call;
  const source = iteratorOf(pieces);
  let stream: number | undefined;
  let isWritten = false;
  try {
    stream = await untilAborted(control.call('openUnit'), signal);
    for (;;) {
      const { done, value } = await untilAborted(source.next(), signal);
      if (done) break;
      checkArgument(value instanceof Uint8Array, 'stream', WANTED);
      for (let at = 0; at < value.length; at += PIECE_BYTES) {
        const piece = value.slice(at, at + PIECE_BYTES);
        await untilAborted(control.call('write', stream, piece), signal);
      }
    }
    isWritten = true;
    return await appends.append({ ...call, payloads: [new Uint8Array()], stream });
  } catch (cause) {
    if (stream !== undefined) control.call('dropStream', stream).catch(() => undefined);
    void source.return?.().catch(() => undefined);
    const error = asVarveError(cause);
    throw isWritten ? error : withOutcome(error, 'not-written');
  }
}

function iteratorOf(pieces: Pieces): AsyncIterator<Uint8Array> {
  // Not every browser's streams can be iterated: readers everywhere.
  if (!(pieces instanceof ReadableStream)) {
    const iterate = pieces?.[Symbol.asyncIterator];
    checkArgument(typeof iterate === 'function', 'stream', WANTED);
    return iterate.call(pieces);
  }
  const reader = pieces.getReader();
  return {
    next: async () => (await reader.read()) as IteratorResult<Uint8Array>,
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

/**
 * Sources and sinks of bytes in the engine, piece by piece, over control calls.
 *
 * Always true: whatever ends early, on either side, the engine is told to forget its part of it.
 */
import { checkArgument } from '@varve/protocol';
import type { SourcePiece } from '@varve/protocol';
import { aborted, untilAborted } from './abort.ts';
import type { ControlClient } from './control-client.ts';

const PIECE_BYTES = 256 * 1024;
const WANTED = 'a stream of Uint8Array';

export type Pieces = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** What a source gives, to its end. */
export async function* pull(
  control: ControlClient,
  what: 'export' | 'salvage',
): AsyncGenerator<Exclude<SourcePiece, { done: true }>> {
  const stream = await control.call('openSource', what);
  try {
    for (;;) {
      const piece = await control.call('pull', stream);
      if (piece.done) return;
      yield piece;
    }
  } finally {
    void drop(control, stream);
  }
}

/** Writes `pieces` into the sink that `opening` brings, then lets `finish` end it. */
export async function push<R>(
  control: ControlClient,
  opening: Promise<number>,
  pieces: Pieces,
  signal: AbortSignal | undefined,
  finish: (stream: number) => Promise<R>,
): Promise<R> {
  let source: AsyncIterator<Uint8Array> | undefined;
  try {
    source = iteratorOf(pieces);
    const stream = await untilAborted(opening, signal);
    for (;;) {
      const { done, value } = await untilAborted(source.next(), signal);
      if (done) return await finish(stream);
      checkArgument(value instanceof Uint8Array, 'stream', WANTED);
      for (let at = 0; at < value.length; at += PIECE_BYTES) {
        const piece = value.slice(at, at + PIECE_BYTES);
        await untilAborted(control.call('write', stream, piece), signal);
      }
    }
  } catch (error) {
    source?.return?.().catch(() => undefined);
    opening.then((stream) => drop(control, stream)).catch(() => undefined);
    throw error;
  }
}

function drop(control: ControlClient, stream: number): Promise<void> {
  return control.call('dropStream', stream).catch(() => undefined);
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

/** A stream that asks for a piece when somebody reads, and stops asking when cancelled or aborted. */
export function pullStream(
  pieces: AsyncGenerator<Uint8Array>,
  signal?: AbortSignal,
): ReadableStream<Uint8Array> {
  const stop = (): void => void pieces.return(undefined).catch(() => undefined);
  return new ReadableStream(
    {
      async pull(controller) {
        if (signal?.aborted) {
          stop();
          return controller.error(aborted(signal));
        }
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  );
}

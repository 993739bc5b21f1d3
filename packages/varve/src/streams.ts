/** Pieces that are pulled from the engine, as the platform's own streams. */
import { aborted } from './abort.ts';

/** A stream that asks for a piece when somebody reads, and stops asking when cancelled or aborted. */
export function pullStream(
  pieces: AsyncGenerator<Uint8Array>,
  signal: AbortSignal | undefined,
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

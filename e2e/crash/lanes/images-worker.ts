/** One worker of the image lane: slice after slice, as it is told; or one image again. */
import { parentPort } from 'node:worker_threads';
import { replaySlice, runSlice, type Slice } from '@varve/journal/crash';

// Opening is refused hundreds of thousands of times; nobody reads where.
Error.stackTraceLimit = 2;

parentPort?.on('message', (message: Slice | { replay: string }) => {
  const work = 'replay' in message ? replaySlice(message.replay) : runSlice(message);
  void work.then(
    (found) => parentPort?.postMessage(found),
    // Not a violation: the lane itself is broken, and the run must end.
    (error: unknown) =>
      queueMicrotask(() => {
        throw error;
      }),
  );
});

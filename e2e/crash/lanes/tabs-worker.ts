/** One worker of the lane of tabs: slice after slice, as it is told. */
import { parentPort } from 'node:worker_threads';
import { type TabsSlice, runTabsSlice } from '@varve/engine/sim';

// Calls are refused hundreds of thousands of times; nobody reads where.
Error.stackTraceLimit = 2;

parentPort?.on('message', (slice: TabsSlice) => {
  void runTabsSlice(slice).then(
    (found) => parentPort?.postMessage({ found }),
    // Not a violation: the lane itself is broken, and the run must end.
    (error: unknown) =>
      queueMicrotask(() => {
        throw error;
      }),
  );
});
parentPort?.postMessage({ ready: true });

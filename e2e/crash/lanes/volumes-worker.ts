/** One worker of the lane of volumes: slice after slice, as it is told. */
import { parentPort } from 'node:worker_threads';
import { runVolumeSlice, type VolumeSlice } from '@varve/volume/crash';

// Calls are refused again and again; nobody reads where.
Error.stackTraceLimit = 4;

parentPort?.on('message', (slice: VolumeSlice) => {
  void runVolumeSlice(slice).then(
    (found) => parentPort?.postMessage({ found }),
    // Not a violation: the lane itself is broken, and the run must end.
    (error: unknown) =>
      queueMicrotask(() => {
        throw error;
      }),
  );
});
parentPort?.postMessage({ ready: true });

/** One worker of the lane of volumes: slice after slice, as it is told. */
import { parentPort } from 'node:worker_threads';
import { replayVolume, runVolumeSlice, type VolumeSlice } from '@varve/volume/crash';

// Calls are refused again and again; nobody reads where.
Error.stackTraceLimit = 4;

parentPort?.on('message', (asked: VolumeSlice | { readonly replay: string }) => {
  const running = 'replay' in asked ? replayVolume(asked.replay) : runVolumeSlice(asked);
  void running.then(
    (found) => parentPort?.postMessage({ found }),
    // Not a violation: the lane itself is broken, and the run must end.
    (error: unknown) =>
      queueMicrotask(() => {
        throw error;
      }),
  );
});
parentPort?.postMessage({ ready: true });

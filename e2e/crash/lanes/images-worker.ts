/** One worker of the image lane: its share of the cases, progress every second, the result at the end. */
import { parentPort, workerData } from 'node:worker_threads';
import { runSlice, type Slice } from '@varve/journal/crash';

const done = await runSlice(workerData as Slice, (progress) =>
  parentPort?.postMessage({ progress }),
);
parentPort?.postMessage({ done });

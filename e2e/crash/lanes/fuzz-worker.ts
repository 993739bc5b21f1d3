/** One worker of the fuzz lane. */
import { parentPort, workerData } from 'node:worker_threads';
import { FuzzLane, type FuzzTask, journalTargets } from '@varve/journal/crash/fuzz';
import { codecTargets } from '../fuzz/codec-targets.ts';

const targets = [...(await journalTargets()), ...codecTargets()];
const lane = new FuzzLane(targets, (workerData as { seed: number }).seed);
parentPort?.on('message', (task: FuzzTask) => {
  void lane.run(task).then((found) => parentPort?.postMessage({ found }));
});
parentPort?.postMessage({ ready: true });

/** One worker of the damage lane: makes the golden stores, says that it is ready, then task after task. */
import { parentPort, workerData } from 'node:worker_threads';
import { DamageLane, type DamageTask } from '@varve/journal/crash/damage';

const lane = await DamageLane.make((workerData as { seed: number }).seed);
parentPort?.on('message', (task: DamageTask) => {
  void lane.run(task).then((found) => parentPort?.postMessage({ found }));
});
parentPort?.postMessage({ ready: true });

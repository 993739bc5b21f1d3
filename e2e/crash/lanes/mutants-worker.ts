/** One mutant's trial; it says that it is alive about every second. */
import { parentPort, workerData } from 'node:worker_threads';
import { runTrial, type TrialLimits } from '@varve/journal/crash/mutants/trial';

const limits = workerData as TrialLimits;
const result = await runTrial(limits, () => parentPort?.postMessage({ alive: true }));
parentPort?.postMessage({ result });

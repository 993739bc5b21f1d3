/**
 * A list of tasks shared among worker threads: each takes the next one when it has ended its own.
 *
 * Always true: a task is told exactly once, with what its worker found, or the run fails.
 */
import { Worker } from 'node:worker_threads';

export interface TaskRun<Task, Found> {
  readonly workerPath: string;
  /** What each worker is begun with. */
  readonly setup: unknown;
  /** How much a worker's young objects may take before they are looked through, MiB. */
  readonly youngMiB?: number;
  /** Taken one by one as workers are free; may have no end. */
  readonly tasks: Iterable<Task>;
  readonly workers: number;
  /** Wall clock after which no task is begun; Infinity: never. Looked at before each. */
  readonly untilMs: number;
  readonly told: (task: Task, found: Found) => void;
}

export async function runTasks<Task, Found>(run: TaskRun<Task, Found>): Promise<void> {
  const { told } = run;
  const tasks = run.tasks[Symbol.iterator]();
  const resourceLimits =
    run.youngMiB === undefined ? {} : { maxYoungGenerationSizeMb: run.youngMiB };
  const runOne = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(run.workerPath, { workerData: run.setup, resourceLimits });
      let current: Task | undefined;
      const takeOn = (): void => {
        const next = Date.now() > run.untilMs ? undefined : tasks.next();
        if (next === undefined || next.done === true) {
          void worker.terminate().then(() => resolve());
          return;
        }
        current = next.value;
        worker.postMessage(current);
      };
      worker.on('message', (message: { found?: Found }) => {
        if (current !== undefined && message.found !== undefined) told(current, message.found);
        takeOn();
      });
      worker.on('error', reject);
    });
  await Promise.all(Array.from({ length: run.workers }, runOne));
}

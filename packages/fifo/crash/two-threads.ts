/** Runs of two real threads over one ring, and what went wrong in them. */
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createRing } from '../src/index.ts';
import { randomFrom } from './random.ts';
import type { Role, Told } from './two-threads.worker.ts';

export interface ThreadRun {
  readonly seed: number;
  readonly operations: number;
  readonly kind: 'work' | 'scribble';
}

export interface Outcome {
  readonly operations: number;
  readonly stalls: number;
  readonly wakeUps: number;
  readonly noticed: number;
  /** What was wrong; empty: nothing. */
  readonly wrong: readonly string[];
}

/** A pair of threads does so much, then there is a new ring of another size. */
const RECORDS_A_RING = 60_000;
const SLEEP_MS = 20_000;
const RING_LIMIT_MS = 120_000;

/**
 * Rings of all sizes, one after the other, until so many operations were done or something was
 * wrong. `script` is `two-threads.worker.ts` as one file.
 */
export async function runThreads(
  script: string,
  { seed, operations, kind }: ThreadRun,
  limits = { sleepMs: SLEEP_MS, ringMs: RING_LIMIT_MS },
): Promise<Outcome> {
  const random = randomFrom(seed);
  const sum = { operations: 0, stalls: 0, wakeUps: 0, noticed: 0 };
  const wrong: string[] = [];
  while (sum.operations < operations && wrong.length === 0) {
    const sizeBytes = 256 << random(9);
    // Some pass 2^32 on their way.
    const firstPlace = random(2) === 0 ? 2 ** 32 - 16 * random(4096) : 0;
    const memory = createRing(sizeBytes, firstPlace >>> 0 === firstPlace ? firstPlace : 0);
    const left = operations - sum.operations;
    const shared = {
      memory,
      control: new SharedArrayBuffer(8),
      seed: random(2 ** 31),
      records: Math.min(RECORDS_A_RING, Math.ceil(left / 4) + 1),
      sleepMs: limits.sleepMs,
    };
    const roles: Role['role'][] =
      kind === 'work' ? ['producer', 'consumer'] : ['scribbler', 'victim'];
    const told = await together(
      script,
      roles.map((role) => ({ ...shared, role })),
      limits.ringMs,
    );
    for (const one of told) {
      sum.operations += one.operations;
      sum.stalls += one.stalls;
      sum.wakeUps += one.wakeUps;
      sum.noticed += one.noticed;
      if (one.wrong !== undefined) {
        wrong.push(`seed ${seed}, ring of ${sizeBytes} B from ${firstPlace}: ${one.wrong}`);
      }
    }
  }
  return { ...sum, wrong };
}

/** What each thread told; the first that fails, or the time limit, ends all. */
async function together(script: string, roles: readonly Role[], limitMs: number): Promise<Told[]> {
  const told: Told[] = [];
  const workers = roles.map((role) => new Worker(script, { workerData: role }));
  const timer = new AbortController();
  let isOver = false;
  await new Promise<void>((resolve) => {
    const failed = (wrong: string): void => {
      told.push({ operations: 0, stalls: 0, wakeUps: 0, noticed: 0, wrong });
      resolve();
    };
    void setTimeout(limitMs, undefined, { signal: timer.signal }).then(
      () => failed('the threads hang'),
      () => undefined,
    );
    for (const worker of workers) {
      let hasTold = false;
      worker.once('message', (one: Told) => {
        hasTold = true;
        told.push(one);
        if (one.wrong !== undefined || told.length === roles.length) resolve();
      });
      worker.once('error', (error: Error) => failed(`a thread died: ${error.stack}`));
      worker.once('exit', () => hasTold || isOver || failed('a thread ended without a word'));
    }
  });
  isOver = true;
  timer.abort();
  await Promise.all(workers.map((worker) => worker.terminate()));
  return told;
}

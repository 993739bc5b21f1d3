/**
 * One heat: contestants in turns, so that a slow moment of the machine hits all of them.
 *
 * Always true: what is timed is whole calls; the first ones warm up and do not count.
 */
import type { Contestant } from './contestants.ts';

const ROUNDS = 3;
const ROUND_MS = 450;
const WARM_UP_CALLS = 3;

export interface Result {
  readonly name: string;
  readonly how: string;
  /** Durable values a second. */
  readonly perSecond: number;
  /** Mean time until a call's values were all durable, ms: browsers blur single calls too much for a median. */
  readonly meanMs: number;
  readonly calls: number;
}

export async function runHeat(
  contestants: readonly Contestant[],
  atOnce: number,
  onProgress: (fraction: number) => void,
): Promise<Result[]> {
  const times = contestants.map(() => [] as number[]);
  try {
    for (const contestant of contestants) {
      await contestant.open();
      for (let call = 0; call < WARM_UP_CALLS; call += 1) await contestant.put(atOnce);
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [index, contestant] of contestants.entries()) {
        onProgress((round * contestants.length + index) / (ROUNDS * contestants.length));
        const endMs = performance.now() + ROUND_MS;
        for (let nowMs = performance.now(); nowMs < endMs;) {
          await contestant.put(atOnce);
          const thenMs = performance.now();
          times[index]!.push(thenMs - nowMs);
          nowMs = thenMs;
        }
      }
    }
  } finally {
    for (const contestant of contestants) await contestant.close().catch(() => undefined);
  }
  onProgress(1);
  return contestants.map(({ name, how }, index) => {
    const calls = times[index]!.length;
    const totalMs = times[index]!.reduce((total, each) => total + each, 0);
    return {
      name,
      how,
      perSecond: (calls * atOnce * 1000) / totalMs,
      meanMs: totalMs / calls,
      calls,
    };
  });
}

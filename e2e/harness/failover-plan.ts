/** How leader number `n` of a run dies, from the seed alone. */
import { KILL_POINTS, type KillPoint, type StopAt } from '@varve/crashkit/playwright';
import { mix, SeededRandom } from '../app/random.ts';

/**
 * - `renderer`: SIGKILL of the process that runs the leader's tab
 * - `close`, `navigate`: what a user does to it
 * - `worker`: the page terminates its worker, which is writing
 * - `busy`: the same while the worker stands in the middle of a write: the browser keeps its file
 *   for 2 s (Chromium)
 */
export const DEATHS = ['renderer', 'close', 'navigate', 'worker', 'busy'] as const;
export type Death = (typeof DEATHS)[number];

/** Leaders that one store outlives before a new one is made. */
export const DEATHS_PER_STORE = 10;

export interface FailoverPlan {
  /** 0, 1, 2 … within the run. */
  readonly number: number;
  readonly kind: Death;
  /** It dies while its worker stands still there; absent: at a random moment. */
  readonly stop?: StopAt;
  /** Random moments: so many acknowledgements in any tab, then so many ms. */
  readonly afterAcks: number;
  readonly jitterMs: number;
}

/** 2 to 4. */
export function tabsOf(seed: number, number: number): number {
  const store = Math.floor(number / DEATHS_PER_STORE);
  return 2 + (mix(seed, store, 0x7461_6273) % 3);
}

export function failoverPlanOf(
  seed: number,
  number: number,
  kinds: readonly Death[],
  /** Every leader dies there. */
  always?: KillPoint,
): FailoverPlan {
  const random = new SeededRandom(mix(seed, 0x6661_696c, number));
  const kind = kinds[number % kinds.length]!;
  const stopped =
    always !== undefined || kind === 'busy' || (kind !== 'worker' && random.between(1, 3) === 1);
  const stop: StopAt = {
    file: 'journal',
    // `flushed` is where exactly once is hard: all is on the disk and nobody was told.
    point: always ?? (random.between(1, 2) === 1 ? 'flushed' : random.pick(KILL_POINTS)),
    nth: random.between(1, 4),
    skipZeros: true,
    cut: random.between(1, 31) / 32,
  };
  return {
    number,
    kind,
    afterAcks: random.between(5, 40),
    jitterMs: random.between(0, 20),
    ...(stopped && { stop }),
  };
}

/** What kill number `n` of a run does, from the seed alone: any kill can be played again. */
import { KILL_POINTS, type KillPoint } from '../app/kill-point.ts';
import { mix, SeededRandom } from '../app/random.ts';
import type { Profile } from '../app/workload.ts';

/** What is killed. `recovery`: the renderer, while its worker is stopped inside opening the store. */
export const KINDS = [
  'worker',
  'close',
  'reload',
  'navigate',
  'renderer',
  'browser',
  'recovery',
] as const;
export type Kind = (typeof KINDS)[number];

/** Kills that one store lives through before a new one is made. */
export const KILLS_PER_STORE = 6;

export interface StopAt {
  readonly point: KillPoint;
  readonly nth: number;
  readonly skipZeros: boolean;
}

export interface KillPlan {
  /** 0, 1, 2 … within the run. */
  readonly number: number;
  readonly kind: Kind;
  readonly profile: Profile;
  readonly segmentSizeBytes: number;
  /** Kill while the worker is stopped there; absent: at a random moment. */
  readonly stop?: StopAt;
  /** Random moments: so many acknowledgements, then so many ms. */
  readonly afterAcks: number;
  readonly jitterMs: number;
  /** After the judgement: whether the store is closed, or left as a crash leaves it. */
  readonly closeAfter: boolean;
}

const SEGMENT_SIZES = [64 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024];
// Slots are zeroed in slices before they are used: those writes are no appends, but legal places to die.
const NTH_MAX = 40;

export function planOf(seed: number, number: number, kinds: readonly Kind[]): KillPlan {
  const random = new SeededRandom(mix(seed, 0x706c_616e, number));
  const store = new SeededRandom(mix(seed, 0x7374_6f72, Math.floor(number / KILLS_PER_STORE)));
  const kind = kinds[number % kinds.length]!;
  const large = random.between(1, 4) === 1;
  // Two of five, whatever the seed: the share that a run must reach is no matter of luck.
  const stopped = kind === 'recovery' || (seed + number) % 5 < 2;
  const nth = random.between(1, kind === 'recovery' ? 4 : large ? 6 : NTH_MAX);
  const skipZeros = random.between(1, 3) > 1;
  const stop = { point: random.pick(KILL_POINTS), nth, skipZeros };
  return {
    number,
    kind,
    profile: large ? 'large' : 'mixed',
    segmentSizeBytes: store.pick(SEGMENT_SIZES),
    afterAcks: large ? random.between(0, 4) : random.size(1, 400),
    jitterMs: random.between(0, 20),
    // What dies inside opening should have something to recover.
    closeAfter: random.between(1, 2) === 1 && kinds[(number + 1) % kinds.length] !== 'recovery',
    ...(stopped ? { stop } : {}),
  };
}

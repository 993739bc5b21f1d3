/** What kill number `n` of a run does, from the seed alone: any kill can be played again. */
import { KILL_POINTS, type StopAt } from '@varve/crashkit/playwright';
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

/** Kills of the lane in `npm test`. */
export const KILLS_IN_LANE = 28;

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

const KIB = 1024;
/**
 * Of one store after the other, whatever the seed. Two of three are small: there a round lets go of
 * whole segments and writes over their slots, so that the next kills hit those.
 */
const SEGMENT_SIZES = [64 * KIB, 4096 * KIB, 256 * KIB, 64 * KIB, 1024 * KIB, 256 * KIB] as const;
// Slots are zeroed in slices before they are used: those writes are no appends, but legal places to die.
const NTH_MAX = 40;
/** A write this long holds records: one that is torn has to be recognised by its checksum. */
const RECORDS_LEAST_BYTES = 8 * 1024;

/**
 * How kill `n` finds its moment, whatever the seed: a run of 28 must not owe to luck what it can see.
 * Of four kills one tears a write of records, one dies at any point, two at a random moment.
 */
const MOMENTS = ['torn', 'random', 'point', 'random'] as const;

export function planOf(seed: number, number: number, kinds: readonly Kind[]): KillPlan {
  const random = new SeededRandom(mix(seed, 0x706c_616e, number));
  const store = Math.floor(number / KILLS_PER_STORE);
  const kind = kinds[number % kinds.length]!;
  const recovery = kind === 'recovery';
  const moment = MOMENTS[(seed + number) % MOMENTS.length]!;
  const torn = moment === 'torn' && !recovery;
  const large = random.between(1, 4) === 1;
  const nth = random.between(1, recovery ? 4 : large && !torn ? 6 : NTH_MAX);
  const stop: StopAt = {
    file: 'journal',
    point: torn ? 'mid-write' : random.pick(KILL_POINTS),
    nth,
    skipZeros: torn || random.between(1, 3) > 1,
    leastBytes: torn ? RECORDS_LEAST_BYTES : 0,
    cut: random.between(1, 31) / 32,
  };
  const stopped = recovery || moment !== 'random';
  return {
    number,
    kind,
    // A torn piece of a large value is never served without its end: records of a group may be.
    profile: torn ? 'records' : large ? 'large' : 'mixed',
    segmentSizeBytes: SEGMENT_SIZES[(seed + store) % SEGMENT_SIZES.length]!,
    afterAcks: large ? random.between(0, 4) : random.size(1, 400),
    jitterMs: random.between(0, 20),
    // What dies inside opening should have something to recover.
    closeAfter: random.between(1, 2) === 1 && kinds[(number + 1) % kinds.length] !== 'recovery',
    ...(stopped ? { stop } : {}),
  };
}

/**
 * What the lane runs: case number n of a seed, always the same.
 *
 * Even numbers walk through every sequence of three operations over four states of a store, in an
 * order that meets different ones early; odd numbers are random and longer, many with a fault.
 */
import { type FaultRule, type Profile, SeededRandom, seedOf } from '@varve/files/simulated';
import type { StoreOptions } from '../src/index.ts';
import { OPERATIONS } from './operations.ts';

export interface LaneCase {
  readonly number: number;
  readonly seed: number;
  readonly profile: Profile;
  readonly workload: readonly string[];
  readonly options: Partial<StoreOptions>;
  readonly fault: FaultRule | undefined;
  /** The fault is armed before this operation of the workload, and ends before that one. */
  readonly faultBeginsAt: number;
  readonly faultEndsAt: number;
  /** Growth beyond this many bytes fails; Infinity: never. */
  readonly spareBytes: number;
  /** Also crash while the store is being made. */
  readonly formatToo: boolean;
  /** The names have been there for more than a minute: no power cut takes them back. */
  readonly namesSettled: boolean;
}

export const ALL_PROFILES: readonly Profile[] = [
  'power',
  'tab-kill',
  'os',
  'power-no-psow',
  'fsync-fail-keep',
  'fsync-fail-revert',
  'fsync-fail-late',
  'lying-flush',
];

export const SMALL_STORE: Partial<StoreOptions> = { segmentSizeBytes: 4_096, maxStateBytes: 6_000 };
/** Padded: no two batches share a sector of any size. */
export const PADDED_STORE: Partial<StoreOptions> = {
  segmentSizeBytes: 16_384,
  alignmentBytes: 4_096,
  maxStateBytes: 6_000,
};

const SEED_STATES: readonly (readonly string[])[] = [
  [],
  ['small', 'sectors'],
  ['small', 'fill'],
  ['segments', 'checkpoint', 'trim', 'segments', 'checkpoint'],
];

const NAMES = Object.keys(OPERATIONS);
/** The twelve that apply to a log, for the sequences of three. */
const CORE = [
  'small',
  'sectors',
  'segments',
  'bigBatch',
  'burst',
  'relaxed',
  'stream',
  'checkpoint',
  'trim',
  'fill',
  'reopen',
  'abandon',
] as const;
export const EXHAUSTIVE_CASES = SEED_STATES.length * CORE.length ** 3;
/** Coprime to the number of sequences: a walk over all of them. */
const STRIDE = 2_741;

export function caseOf(seed: number, number: number, profile: Profile): LaneCase {
  const random = new SeededRandom(seedOf(seed, number, profile));
  const workload = number % 2 === 0 ? exhaustive(seed, number / 2) : randomWorkload(random);
  const padded = profile === 'power-no-psow' ? random.below(4) > 0 : random.below(8) === 0;
  const faulty = profile.startsWith('fsync-fail') || (number % 2 === 1 && random.below(2) === 0);
  const faultBeginsAt = random.below(workload.length);
  const namesSettled = random.below(4) > 0;
  const keep = random.below(3) === 0 ? 'checkpoint' : 'all';
  const starved = number % 2 === 1 && random.below(10) === 0;
  return {
    number,
    seed: seedOf(seed, number),
    profile,
    workload,
    options: { ...(padded ? PADDED_STORE : SMALL_STORE), keep },
    fault: faulty ? faultOf(random, profile) : undefined,
    faultBeginsAt,
    faultEndsAt: faultBeginsAt + 1 + random.below(workload.length + 1),
    spareBytes: starved ? random.below(5) * 4_096 : Infinity,
    formatToo: random.below(4) === 0,
    namesSettled,
  };
}

/** Two cases with one key would look at the same images. */
export function keyOf({
  profile,
  workload,
  options,
  fault,
  faultBeginsAt,
  faultEndsAt,
  spareBytes,
  namesSettled,
  seed,
}: LaneCase): string {
  return JSON.stringify([
    profile,
    workload,
    options,
    fault,
    faultBeginsAt,
    faultEndsAt,
    spareBytes,
    namesSettled,
    fault === undefined ? 0 : seed,
  ]);
}

function exhaustive(seed: number, index: number): readonly string[] {
  const at = (index * STRIDE + seed) % EXHAUSTIVE_CASES;
  const state = SEED_STATES[at % SEED_STATES.length]!;
  const sequence = Math.floor(at / SEED_STATES.length);
  const digits = [sequence % 12, Math.floor(sequence / 12) % 12, Math.floor(sequence / 144) % 12];
  return [...state, ...digits.map((digit) => CORE[digit]!)];
}

function randomWorkload(random: SeededRandom): readonly string[] {
  const state = SEED_STATES[random.below(SEED_STATES.length)]!;
  const length = 2 + random.below(7);
  return [...state, ...Array.from({ length }, () => NAMES[random.below(NAMES.length)]!)];
}

function faultOf(random: SeededRandom, profile: Profile): FaultRule {
  const skip = random.below(5);
  const sticky = random.below(3) === 0;
  const throws = random.below(3) === 0 ? 'no-space' : 'io';
  const on = profile.startsWith('fsync-fail')
    ? 'flush'
    : (['write', 'write', 'write', 'grow', 'flush', 'read'] as const)[random.below(6)]!;
  const length = ([0, 1, 'half', 'len-1', 512] as const)[random.below(5)]!;
  const short =
    (on === 'write' && random.below(2) === 0) || (on === 'read' && random.below(2) === 0);
  // A late failure is one that an earlier flush kept to itself: it strikes once.
  return {
    on,
    skip,
    sticky: sticky && profile !== 'fsync-fail-late',
    path: 's/journal',
    effect: short ? { short: length } : { throws },
  };
}

/**
 * What the lane runs: case number n of a seed, always the same.
 *
 * Three numbers of four walk through every sequence of up to three operations over four states of a store, in
 * an order that meets different ones early, and crash in the last operation only (the others are the
 * last ones of shorter sequences); the fourth is random and longer, many with a fault. A few have
 * segments of 4 MiB. Far out in the numbers stand the sequences alone once more, each with all telling
 * subsets of what is in flight at its crashes: a walk of its own, too long to be mixed into the other.
 */
import { type FaultRule, type Profile, SeededRandom, seedOf } from '@varve/files/simulated';
import type { StoreOptions } from '../src/index.ts';
import { cornerOf } from './corners.ts';
import { STAMPED_OPERATIONS } from './operations.ts';
import { drawWorkload } from './workloads.ts';

export interface LaneCase {
  /** The run's; `seed` is this case's own. */
  readonly runSeed: number;
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
  /** Crashes are looked at from this operation of the workload on. */
  readonly crashFrom: number;
  /** `telling`: all subsets of what is in flight up to 12 atoms, the telling ones beyond; else a few. */
  readonly subsets: 'telling' | 'few';
  /** Its workload is not the one of its number. */
  readonly spelled?: boolean;
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

/** As applications have them. */
export const LARGE_STORE: Partial<StoreOptions> = { maxStateBytes: 6_000 };

const SEED_STATES: readonly (readonly string[])[] = [
  [],
  ['small', 'sectors'],
  ['small', 'fill'],
  ['segments', 'checkpoint', 'trim', 'segments', 'checkpoint'],
];

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
const BY_LENGTH = [0, 1, 2, 3].map((length) => CORE.length ** length);
const SEQUENCES = BY_LENGTH.reduce((sum, count) => sum + count, 0);
export const EXHAUSTIVE_CASES = SEED_STATES.length * SEQUENCES;
/** Coprime to the number of sequences: a walk over all of them. */
const STRIDE = 2_741;
/** In the mixed walk one longer sequence in so many has all its telling subsets looked at; short ones all. */
const TELLING_EVERY = 48;
const LARGE_EVERY = 256;
/** One case in so many has clients that send appends under stamps. */
const STAMPED_EVERY = 16;
/** … and one of those in so many more of them than are remembered. */
const CROWD_EVERY = 12;

/** Every sequence under one profile has come up before this number. */
export const EXHAUSTIVE_TO = Math.ceil((EXHAUSTIVE_CASES * 4) / 3) + 1;

/** From this number on: sequence after sequence, all telling subsets of each. */
export const EVERY_SUBSET_FROM = 2 ** 24;
export const showsEverySubset = (number: number): boolean => number >= EVERY_SUBSET_FROM;
export const isSequence = (number: number): boolean => number % 4 !== 1 || showsEverySubset(number);
/** Of those that are no sequence every other one. */
export const isCorner = (number: number): boolean => !isSequence(number) && number % 8 === 1;

export function caseOf(seed: number, number: number, profile: Profile): LaneCase {
  const ordered = isSequence(number);
  const everySubset = showsEverySubset(number);
  const random = new SeededRandom(seedOf(seed, number, profile));
  const corner = isCorner(number) ? cornerOf((number - 1) / 8, random, profile) : undefined;
  const { workload, from, length } = ordered
    ? sequenceOf(seed, everySubset ? number : number - Math.floor((number + 2) / 4))
    : {
        workload:
          corner?.workload ??
          (number % STAMPED_EVERY === 13 ? stampedWorkload(random) : randomWorkload(random)),
        from: 0,
        length: Infinity,
      };
  const drawnPadded = profile === 'power-no-psow' ? random.below(4) > 0 : random.below(8) === 0;
  const padded = corner === undefined ? drawnPadded : corner.padded || profile === 'power-no-psow';
  const faulty = profile.startsWith('fsync-fail') || (!ordered && random.below(4) > 0);
  const faultBeginsAt = random.below(Math.max(1, workload.length));
  const namesSettled = random.below(4) > 0;
  const keep = random.below(3) === 0 ? 'checkpoint' : 'all';
  const starved = !ordered && random.below(10) === 0;
  const large = number % LARGE_EVERY === 101 && !everySubset;
  const store = large ? LARGE_STORE : padded ? PADDED_STORE : SMALL_STORE;
  const isTold = length < 2 || (ordered && random.below(TELLING_EVERY) === 0);
  return {
    runSeed: seed,
    number,
    seed: seedOf(seed, number),
    profile,
    workload,
    options: { ...store, keep },
    fault: faulty ? faultOf(random, profile) : undefined,
    faultBeginsAt,
    faultEndsAt: faultBeginsAt + 1 + random.below(workload.length + 1),
    spareBytes: starved ? random.below(5) * 4_096 : Infinity,
    formatToo: random.below(4) === 0 && !large,
    namesSettled,
    crashFrom: faulty ? Math.min(faultBeginsAt, from) : from,
    subsets: everySubset || isTold ? 'telling' : 'few',
    ...(corner !== undefined && {
      fault: corner.fault,
      faultBeginsAt: corner.faultBeginsAt,
      faultEndsAt: corner.faultEndsAt,
      spareBytes: Infinity,
      // A store that may go with its name owes nothing.
      namesSettled: true,
      crashFrom: corner.faultBeginsAt,
    }),
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
  formatToo,
  crashFrom,
  subsets,
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
    formatToo,
    crashFrom,
    subsets,
    fault === undefined ? 0 : seed,
  ]);
}

/** A sequence, and its last operation: crashes before that are those of a shorter sequence. */
function sequenceOf(
  seed: number,
  index: number,
): { workload: readonly string[]; from: number; length: number } {
  const at = (index * STRIDE + seed) % EXHAUSTIVE_CASES;
  const state = SEED_STATES[at % SEED_STATES.length]!;
  let sequence = Math.floor(at / SEED_STATES.length);
  let length = 0;
  while (sequence >= BY_LENGTH[length]!) sequence -= BY_LENGTH[length++]!;
  const operations: string[] = [];
  for (; operations.length < length; sequence = Math.floor(sequence / CORE.length)) {
    operations.push(CORE[sequence % CORE.length]!);
  }
  const workload = [...state, ...operations];
  return { workload, from: length === 0 ? 0 : workload.length - 1, length };
}

function randomWorkload(random: SeededRandom): readonly string[] {
  const state = SEED_STATES[random.below(SEED_STATES.length)]!;
  return [...state, ...drawWorkload(random.below(2 ** 31))];
}

/** What is between the messages of clients: all that moves `scanStart`, ends a life or a segment. */
const BETWEEN = [
  'small',
  'fill',
  'sectors',
  'segments',
  'checkpoint',
  'bigState',
  'trim',
  'trimAll',
  'relaxed',
  'stream',
  'reopen',
  'abandon',
  'idle',
  'longIdle',
  'flush',
] as const;

function stampedWorkload(random: SeededRandom): readonly string[] {
  const stamped = Object.keys(STAMPED_OPERATIONS).filter((name) => name !== 'stampedCrowd');
  const workload = Array.from({ length: 2 + random.below(7) }, () =>
    random.below(2) === 0
      ? stamped[random.below(stamped.length)]!
      : BETWEEN[random.below(BETWEEN.length)]!,
  );
  // It takes as long as all the others.
  if (random.below(CROWD_EVERY) > 0) return workload;
  return workload.toSpliced(random.below(workload.length), 0, 'stampedCrowd');
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

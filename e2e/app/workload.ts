/**
 * What a storm writes: operation `n` of a writer in a round, from the seed alone.
 *
 * Always true:
 * - page and oracle derive the same operations, so nobody has to send values to be compared
 * - writer 0 appends and appends batches, in order; writer 1 appends streams, one after the other
 * - the states of checkpoints bear the number of a third, so that each names its round and step
 */
import { mix, SeededRandom } from './random.ts';
import { HEADER_BYTES } from './value.ts';

/**
 * - `mixed`: small records, batches, now and then a large value, and one stream after the other
 * - `records`: small records and batches alone, so that every write of theirs is one that counts
 * - `large`: large values alone
 */
export type Profile = 'mixed' | 'records' | 'large';

export interface Round {
  readonly seed: number;
  /** Which kill of a store's life this is: 1, 2, 3 … */
  readonly round: number;
  readonly profile: Profile;
}

export interface Operation {
  readonly kind: 'append' | 'batch' | 'stream';
  readonly durability: 'strict' | 'relaxed';
  /** Byte length of each record. */
  readonly sizes: readonly number[];
}

export const WRITERS = { appends: 0, streams: 1, checkpoints: 2 } as const;

/** Far beyond every threshold: a batch, a message, what a segment of the smallest stores holds. */
const APPEND_BYTES_MAX = 4_000_000;

export function operation(round: Round, writer: number, index: number): Operation {
  const random = new SeededRandom(mix(round.seed, round.round, writer, index));
  if (writer === WRITERS.streams) {
    return { kind: 'stream', durability: 'strict', sizes: [random.size(1_000, 4_000_000)] };
  }
  const durability = random.between(1, 8) === 1 ? 'relaxed' : 'strict';
  if (round.profile === 'large') {
    return { kind: 'append', durability, sizes: [random.size(150_000, APPEND_BYTES_MAX)] };
  }
  const dice = random.between(1, 100);
  if (dice > 97 && round.profile === 'mixed')
    return { kind: 'append', durability, sizes: [random.size(64_000, APPEND_BYTES_MAX)] };
  if (dice > 80) {
    const sizes = Array.from({ length: random.between(2, 24) }, () => random.size(32, 4_000));
    return { kind: 'batch', durability, sizes };
  }
  return { kind: 'append', durability, sizes: [random.size(32, 3_000)] };
}

/** One step of the housekeeping: a checkpoint, then a trim. */
export interface HouseStep {
  /** So many acknowledgements after the step before. */
  readonly gapAcks: number;
  readonly stateBytes: number;
  /** Up to where the state stands: 0 what an earlier recovery served, 1 what was acknowledged last. */
  readonly coveredShare: number;
  /** How much of what an earlier recovery served may be gone after this step. */
  readonly trimmedShare: number;
}

/** Several segments of the smallest stores. */
const STATE_BYTES_MAX = 300_000;

export function houseStep({ seed, round, profile }: Round, step: number): HouseStep {
  const random = new SeededRandom(mix(seed, round, WRITERS.checkpoints, step));
  return {
    gapAcks: step === 0 ? 0 : random.size(2, 40),
    // Of the writes that a kill tears in `records`, none long enough shall be of a state.
    stateBytes: random.size(HEADER_BYTES, profile === 'records' ? 2_000 : STATE_BYTES_MAX),
    coveredShare: random.between(0, 4) / 4,
    trimmedShare: Math.min(1, (step + random.between(1, 3)) / 4),
  };
}

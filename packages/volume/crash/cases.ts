/** What the lane of volumes runs: case number n of a seed and a profile, always the same. */
import { type FaultRule, type Profile, SeededRandom, seedOf } from '@varve/files/simulated';
import type { VolumeOptions } from '../src/index.ts';

export interface VolumeCase {
  /** The run's; `seed` is this case's own. */
  readonly runSeed: number;
  readonly number: number;
  readonly seed: number;
  readonly profile: Profile;
  readonly options: VolumeOptions & {
    readonly sizeBytes: number;
    readonly chunkSizeBytes: number;
  };
  /** Nothing that a sector holds is anybody else's. */
  readonly isPadded: boolean;
  readonly calls: number;
  /** It is armed before this call, and ends before that one. */
  readonly fault: FaultRule | undefined;
  readonly faultBeginsAt: number;
  readonly faultEndsAt: number;
  /** Also crash while the volume is being made. */
  readonly creationToo: boolean;
}

const SMALL_CHUNK = 512;
const PADDED_CHUNK = 4_096;
const CALLS = 14;

export function caseOf(runSeed: number, number: number, profile: Profile): VolumeCase {
  const seed = seedOf(runSeed, number, profile);
  const random = new SeededRandom(seedOf(seed, 'case'));
  const pick = <T>(values: readonly T[]): T => values[random.below(values.length)]!;
  const isPadded = profile === 'power-no-psow' ? random.below(3) > 0 : random.below(16) === 0;
  const chunk = isPadded ? PADDED_CHUNK : SMALL_CHUNK;
  const sizeBytes = chunk * (isPadded ? 1 + random.below(5) : 4 + random.below(20));
  const faultBeginsAt = 1 + random.below(CALLS - 2);
  return {
    runSeed,
    number,
    seed,
    profile,
    isPadded,
    options: {
      sizeBytes,
      chunkSizeBytes: chunk,
      alignmentBytes: isPadded ? 4_096 : 16,
      segmentSizeBytes: isPadded ? 65_536 : pick([4_096, 16_384]),
      checkpointEveryBytes: isPadded ? pick([20_000, 1_000_000]) : pick([3_000, 1_000_000]),
      directBytes: pick([chunk, 3 * chunk]),
      stepExceptions: pick([1, 2, 256]),
      cacheBytes: 0,
      dedup: random.below(3) === 0,
      ...(random.below(2) === 0 && { capacityBytes: sizeBytes * 2 }),
    },
    calls: CALLS,
    fault: profile.startsWith('fsync-fail') ? flushFault(random, profile) : undefined,
    faultBeginsAt,
    faultEndsAt: faultBeginsAt + 1 + random.below(CALLS),
    creationToo: number % 8 === 0,
  };
}

function flushFault(random: SeededRandom, profile: Profile): FaultRule {
  const path = ['v/data', 'v/meta', 'v/journal', 'v/journal'][random.below(4)]!;
  // A late failure is one that an earlier flush kept to itself: it strikes once.
  const sticky = profile !== 'fsync-fail-late' && random.below(5) === 0;
  return { on: 'flush', path, effect: { throws: 'io' }, skip: random.below(4), sticky };
}

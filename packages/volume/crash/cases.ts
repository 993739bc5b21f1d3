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
  /** Its trees have several leaves, and lose them again. */
  readonly isWide: boolean;
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
/** Where all of the promises hold and nothing else fails. */
const PLAIN: readonly Profile[] = ['power', 'tab-kill', 'os'];

export function caseOf(runSeed: number, number: number, profile: Profile): VolumeCase {
  const seed = seedOf(runSeed, number, profile);
  const random = new SeededRandom(seedOf(seed, 'case'));
  const pick = <T>(values: readonly T[]): T => values[random.below(values.length)]!;
  const isPadded = profile === 'power-no-psow' ? random.below(3) > 0 : random.below(16) === 0;
  const isPlain = PLAIN.includes(profile);
  const writesFail = isPlain && number % 4 === 1;
  const isWide = isPlain && number % 16 === 3 && !isPadded;
  const chunk = isPadded ? PADDED_CHUNK : SMALL_CHUNK;
  const chunks = isPadded ? 1 + random.below(5) : 4 + random.below(20);
  const sizeBytes = chunk * (isWide ? 50 * chunks : chunks);
  const faultBeginsAt = 1 + random.below(CALLS - 2);
  return {
    runSeed,
    number,
    seed,
    profile,
    isPadded,
    isWide,
    options: {
      sizeBytes,
      chunkSizeBytes: chunk,
      alignmentBytes: isPadded ? 4_096 : 16,
      segmentSizeBytes: isPadded ? 65_536 : pick([4_096, 16_384]),
      checkpointEveryBytes: isPadded ? pick([20_000, 1_000_000]) : pick([3_000, 1_000_000]),
      directBytes: pick([chunk, 3 * chunk]),
      stepExceptions: pick(isWide ? [32, 64, 256] : [1, 2, 256]),
      cacheBytes: 0,
      dedup: random.below(3) === 0,
      ...(random.below(2) === 0 && !writesFail && { capacityBytes: sizeBytes * 2 }),
    },
    calls: CALLS,
    fault: faultOf(random, profile, writesFail),
    faultBeginsAt,
    faultEndsAt: faultBeginsAt + 1 + random.below(CALLS),
    creationToo: number % 8 === 0,
  };
}

function faultOf(
  random: SeededRandom,
  profile: Profile,
  writesFail: boolean,
): FaultRule | undefined {
  if (profile.startsWith('fsync-fail')) return flushFault(random, profile);
  return writesFail ? writeFault(random) : undefined;
}

/** A write that throws, or moves half of its bytes; or the journal may not grow, once. */
function writeFault(random: SeededRandom): FaultRule {
  const skip = random.below(3);
  if (random.below(2) === 0) {
    return { on: 'grow', path: 'v/journal', effect: { throws: 'no-space' }, skip };
  }
  const path = ['v/data', 'v/meta', 'v/journal'][random.below(3)]!;
  const effect: FaultRule['effect'] = random.below(2) === 0 ? { short: 'half' } : { throws: 'io' };
  return { on: 'write', path, effect, skip };
}

function flushFault(random: SeededRandom, profile: Profile): FaultRule {
  const path = ['v/data', 'v/meta', 'v/journal', 'v/journal'][random.below(4)]!;
  // A late failure is one that an earlier flush kept to itself: it strikes once.
  const sticky = profile !== 'fsync-fail-late' && random.below(5) === 0;
  return { on: 'flush', path, effect: { throws: 'io' }, skip: random.below(4), sticky };
}

/**
 * Cases that chance seldom draws: each a short workload, and a fault at one moment of it, where a bug
 * was found once or could hide. What is left to the seed is which one, and which flush of it fails.
 */
import type { FaultRule, Profile, SeededRandom } from '@varve/files/simulated';

interface Corner {
  /** Undefined: all. */
  readonly profiles?: readonly Profile[];
  readonly workload: readonly string[];
  /** Up to so many small appends come first: they move what follows to other offsets. */
  readonly smallBefore?: number;
  /** The flush that fails is one of so many after the operation of this index has begun. */
  readonly failsFrom?: number;
  readonly flushes?: number;
  /** Operations that it goes on failing for, now and then; once otherwise. */
  readonly lasts?: number;
  readonly padded?: true;
}

const KEEP: readonly Profile[] = ['fsync-fail-keep'];

const CORNERS: readonly Corner[] = [
  // Fragments and their end in one flush that fails: only the cache holds them, and they are copied.
  { profiles: KEEP, workload: ['shortStream', 'small'], smallBefore: 2, failsFrom: 0, flushes: 2 },
  // Fragments in the segment of their end, and in those before.
  { profiles: KEEP, workload: ['stream', 'small'], smallBefore: 4, failsFrom: 0, flushes: 8 },
  { profiles: KEEP, workload: ['bigBatch', 'small'], smallBefore: 4, failsFrom: 0, flushes: 5 },
  // A rotation's flushes: what the `next` record leads to was never on the disk.
  {
    profiles: KEEP,
    workload: ['fill', 'sectors', 'fill', 'burst'],
    smallBefore: 3,
    failsFrom: 1,
    flushes: 4,
    lasts: 2,
  },
  // A segment that is full at a kill: the restart finds no room in it.
  {
    profiles: KEEP,
    workload: ['fill', 'abandon', 'small', 'small'],
    smallBefore: 5,
    failsFrom: 1,
    flushes: 5,
  },
  // The superblocks of a checkpoint.
  {
    profiles: ['fsync-fail-keep', 'fsync-fail-revert'],
    workload: ['checkpoint', 'small', 'abandon'],
    smallBefore: 2,
    failsFrom: 0,
    flushes: 4,
    lasts: 1,
  },
  {
    profiles: ['power-no-psow', 'power'],
    workload: ['checkpoint', 'small'],
    smallBefore: 2,
    failsFrom: 0,
    flushes: 4,
    padded: true,
  },
  // What recovery writes again needs older segments, and history goes meanwhile.
  { workload: ['bigBatch', 'abandon', 'trim', 'segments', 'trim'], smallBefore: 2 },
  { workload: ['stream', 'abandon', 'checkpoint', 'trimAll', 'segments', 'checkpoint', 'trim'] },
  // A clean close flushes what nobody was promised.
  { workload: ['relaxedBurst', 'reopen', 'small'], smallBefore: 2 },
];

export interface DrawnCorner {
  readonly workload: readonly string[];
  readonly fault: FaultRule | undefined;
  readonly faultBeginsAt: number;
  readonly faultEndsAt: number;
  readonly padded: boolean;
}

/** One of the corners of a profile. */
export function drawCorner(random: SeededRandom, profile: Profile): DrawnCorner {
  const possible = CORNERS.filter(({ profiles }) => profiles?.includes(profile) ?? true);
  const corner = possible[random.below(possible.length)]!;
  const before = Array.from({ length: random.below((corner.smallBefore ?? 0) + 1) }, () => 'small');
  const { failsFrom, flushes = 1, lasts = 0, padded = false } = corner;
  const sticky = lasts > 0 && random.below(2) === 0;
  const faultBeginsAt = before.length + (failsFrom ?? 0);
  const skip = random.below(flushes);
  const effect = { throws: 'io' } as const;
  return {
    workload: [...before, ...corner.workload],
    fault:
      failsFrom === undefined
        ? undefined
        : { on: 'flush', path: 's/journal', skip, sticky, effect },
    faultBeginsAt,
    faultEndsAt: sticky ? faultBeginsAt + lasts : Infinity,
    padded,
  };
}

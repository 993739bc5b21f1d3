/**
 * Cases that chance seldom draws: each a short workload, and a fault at one moment of it, where a bug
 * was found once or could hide. They are taken in turn; the seed says what small appends come first.
 */
import type { FaultRule, Profile, SeededRandom } from '@varve/files/simulated';

interface Corner {
  /** Undefined: all. */
  readonly profiles?: readonly Profile[];
  readonly workload: readonly string[];
  /** The flush that fails: so many flushes after operation `from` has begun. `write`: the write, or half of it. */
  readonly fails?: {
    readonly from: number;
    readonly skip: number;
    readonly lasts?: number;
    readonly write?: 'fails' | 'half';
  };
  readonly padded?: true;
  /** It takes as long as many others: in one round of four, the second one first; else the second corner again. */
  readonly isLong?: true;
}

const KEEP: readonly Profile[] = ['fsync-fail-keep'];
const LOUD: readonly Profile[] = ['fsync-fail-keep', 'fsync-fail-revert'];
const HONEST: readonly Profile[] = ['tab-kill', 'os', 'power', 'power-no-psow'];
const ROTATION = ['fill', 'sectors', 'fill', 'burst'];
const SMALL_MAX = 3;

const CORNERS: readonly Corner[] = [
  // A write that fails, and one that comes back short: of one group, and of one over many batches.
  { profiles: HONEST, workload: ['burst', 'small'], fails: { from: 0, skip: 0, write: 'fails' } },
  { profiles: HONEST, workload: ['small', 'small'], fails: { from: 0, skip: 0, write: 'half' } },
  { profiles: HONEST, workload: ['bigBatch', 'small'], fails: { from: 0, skip: 0, write: 'half' } },
  // Fragments and their end in one flush that fails: only the cache holds them, and they are copied.
  { profiles: KEEP, workload: ['shortStream', 'small'], fails: { from: 0, skip: 0 } },
  // Fragments in the segment of their end, and in those before.
  { profiles: KEEP, workload: ['stream', 'small'], fails: { from: 0, skip: 2 } },
  // A rotation's flush: what the `next` record leads to was never on the disk.
  { profiles: KEEP, workload: ROTATION, fails: { from: 1, skip: 0 } },
  // A segment that is full at a kill: the restart finds no room in it.
  { profiles: KEEP, workload: ['fill', 'abandon', 'small', 'small'], fails: { from: 1, skip: 3 } },
  // The superblocks of a checkpoint.
  { profiles: LOUD, workload: ['checkpoint', 'small'], fails: { from: 0, skip: 1, lasts: 1 } },
  { profiles: LOUD, workload: ['checkpoint', 'small'], fails: { from: 0, skip: 2, lasts: 1 } },
  { profiles: KEEP, workload: ['bigBatch', 'small'], fails: { from: 0, skip: 0 } },
  { profiles: KEEP, workload: ROTATION, fails: { from: 1, skip: 1, lasts: 2 } },
  {
    profiles: ['power-no-psow', 'power'],
    workload: ['checkpoint', 'small'],
    fails: { from: 0, skip: 2 },
    padded: true,
  },
  // What recovery writes again needs older segments, and history goes meanwhile.
  { workload: ['bigBatch', 'abandon', 'trim', 'segments', 'trim'] },
  { workload: ['stream', 'abandon', 'checkpoint', 'trimAll', 'segments', 'checkpoint', 'trim'] },
  // A clean close flushes what nobody was promised.
  { workload: ['relaxedBurst', 'reopen', 'small'] },
  // Relaxed records of which nobody asks, until their time is up.
  { profiles: HONEST, workload: ['relaxedWait', 'flush', 'relaxedWait'] },
  // The scan begins elsewhere, and the table of clients goes with it.
  { workload: ['stampedLate', 'fill', 'trim', 'small'] },
  // More clients than are remembered; those that were here before ask again.
  { workload: ['stampedLate', 'stampedCrowd', 'stampedAgain'], isLong: true },
];

export interface DrawnCorner {
  readonly workload: readonly string[];
  readonly fault: FaultRule | undefined;
  readonly faultBeginsAt: number;
  readonly faultEndsAt: number;
  readonly padded: boolean;
}

/** The corner of this turn, of those of a profile. */
export function cornerOf(turn: number, random: SeededRandom, profile: Profile): DrawnCorner {
  const possible = CORNERS.filter(({ profiles }) => profiles?.includes(profile) ?? true);
  const round = Math.floor(turn / possible.length);
  const inTurn = possible[turn % possible.length]!;
  const {
    workload,
    fails,
    padded = false,
  } = inTurn.isLong === true && round % 4 !== 1 ? possible[1]! : inTurn;
  const before = Array.from({ length: 1 + random.below(SMALL_MAX) }, () => 'small');
  const all = [...before, ...workload];
  if (fails === undefined)
    return { workload: all, fault: undefined, faultBeginsAt: 0, faultEndsAt: 1, padded };
  const { from, skip, lasts, write } = fails;
  const sticky = lasts !== undefined;
  const faultBeginsAt = before.length + from;
  return {
    workload: all,
    fault: {
      on: write === undefined ? 'flush' : 'write',
      path: 's/journal',
      skip,
      sticky,
      effect: write === 'half' ? { short: 'half' } : { throws: 'io' },
    },
    faultBeginsAt,
    faultEndsAt: sticky ? faultBeginsAt + lasts : Infinity,
    padded,
  };
}

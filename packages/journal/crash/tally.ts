/**
 * What a run of the lane has seen so far, as plain data: workers send it, files keep it.
 *
 * Always true: each image stands once in `images` of its profile, and at most once in each row.
 */
import type { Profile } from '@varve/files/simulated';

/** An invariant that an image, or a store while it was running, broke. */
export interface Failure {
  readonly profile: Profile;
  readonly reason: string;
  /** Workload, fault and place, to be read by people. */
  readonly what: string;
  /** Runs it again alone: `npm run crash -- --replay ID`. */
  readonly id: string;
  /** The same failure with the fewest operations and the least persisted that were found. */
  readonly least?: Omit<Failure, 'profile' | 'least'>;
}

export interface ProfileTally {
  images: number;
  /** Different (workload, crash point, persisted subset). */
  distinct: number;
  violations: number;
  /** Row of the recovery tables → images. */
  readonly rows: Record<string, number>;
  /** The same of the images on which nothing but crashes had happened: no fault, no rot, no damage. */
  readonly byCrash: Record<string, number>;
}

export interface Tally {
  images: number;
  distinct: number;
  cases: number;
  readonly profiles: Partial<Record<Profile, ProfileTally>>;
  readonly violations: Failure[];
}

export const newTally = (): Tally => ({
  images: 0,
  distinct: 0,
  cases: 0,
  profiles: {},
  violations: [],
});

export function tallyOf(tally: Tally, profile: Profile): ProfileTally {
  return (tally.profiles[profile] ??= {
    images: 0,
    distinct: 0,
    violations: 0,
    rows: {},
    byCrash: {},
  });
}

export function addTally(sum: Tally, more: Tally): void {
  sum.images += more.images;
  sum.distinct += more.distinct;
  sum.cases += more.cases;
  for (const [profile, one] of Object.entries(more.profiles)) {
    const own = tallyOf(sum, profile as Profile);
    own.images += one.images;
    own.distinct += one.distinct;
    own.violations += one.violations;
    for (const kind of ['rows', 'byCrash'] as const) {
      for (const [row, count] of Object.entries(one[kind]))
        own[kind][row] = (own[kind][row] ?? 0) + count;
    }
  }
  sum.violations.push(...more.violations);
}

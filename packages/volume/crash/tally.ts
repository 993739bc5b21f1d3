/**
 * What a run of the lane has seen so far, as plain data: workers send it, files keep it.
 *
 * Always true: each image stands once in `images` of its profile, and at most once at each place.
 */
import type { Profile } from '@varve/files/simulated';

export interface VolumeFailure {
  readonly profile: Profile | 'failing files';
  readonly reason: string;
  readonly stack: string;
  /** The last calls before it, to be read by people. */
  readonly what: string;
  /** Runs it again alone: `npm run crash -- --replay ID`. */
  readonly id: string;
}

export interface VolumeProfileTally {
  images: number;
  /** Of different bytes, within their case. */
  distinct: number;
  /** Of crashes inside a recovery, or in what was done after one. */
  later: number;
  violations: number;
  /** Refused with a typed error, or damaged chunks at least: where that is allowed. */
  refused: number;
  /** Where the crash fell (places.ts) → images. */
  readonly places: Record<string, number>;
}

export interface VolumeTally {
  cases: number;
  images: number;
  /** Device operations of the workloads. */
  deviceOps: number;
  /** Runs over failing files, and how often a file failed in them. */
  faultRuns: number;
  strikes: number;
  readonly profiles: Partial<Record<Profile, VolumeProfileTally>>;
  readonly violations: VolumeFailure[];
}

export const newVolumeTally = (): VolumeTally => ({
  cases: 0,
  images: 0,
  deviceOps: 0,
  faultRuns: 0,
  strikes: 0,
  profiles: {},
  violations: [],
});

export function profileTally(tally: VolumeTally, profile: Profile): VolumeProfileTally {
  return (tally.profiles[profile] ??= {
    images: 0,
    distinct: 0,
    later: 0,
    violations: 0,
    refused: 0,
    places: {},
  });
}

export function addVolumeTally(sum: VolumeTally, more: VolumeTally): void {
  for (const count of ['cases', 'images', 'deviceOps', 'faultRuns', 'strikes'] as const) {
    sum[count] += more[count];
  }
  for (const [profile, one] of Object.entries(more.profiles)) {
    const own = profileTally(sum, profile as Profile);
    for (const count of ['images', 'distinct', 'later', 'violations', 'refused'] as const) {
      own[count] += one[count];
    }
    for (const [place, images] of Object.entries(one.places)) {
      own.places[place] = (own.places[place] ?? 0) + images;
    }
  }
  sum.violations.push(...more.violations);
}

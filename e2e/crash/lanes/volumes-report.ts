/**
 * What a run of the lane of volumes has found: the file behind `--json`, and the tables it prints.
 *
 * Always true: the file holds whole slices only, and says which, so that `--resume` goes on there.
 */
import type { Profile } from '@varve/files/simulated';
import { newVolumeTally, PLACES, type VolumeTally } from '@varve/volume/crash';

export interface VolumesRow {
  readonly subject: 'volume';
  readonly profile: string;
  readonly images: number;
  readonly distinct: number;
  /** Of crashes inside a recovery, or in what was done after one. */
  readonly later: number;
  readonly violations: number;
  /** Refused as damaged, where that is allowed. */
  readonly refused: number;
  /** Images a second of the whole run, over all profiles. */
  readonly rate: number;
  /** Where the crash fell → images. */
  readonly places: Record<string, number>;
}

export interface VolumesReport {
  readonly schema: 2;
  readonly seed: number;
  /** Of the sources, when it began. */
  readonly commit: string;
  readonly profiles: readonly Profile[];
  seconds: number;
  readonly tally: VolumeTally;
  rows: VolumesRow[];
  /** Slices below `doneTo` are done, and those of `doneBeyond`. */
  doneTo: number;
  doneBeyond: number[];
}

export const newVolumesReport = (
  facts: Pick<VolumesReport, 'seed' | 'commit' | 'profiles'>,
): VolumesReport => ({
  schema: 2,
  ...facts,
  seconds: 0,
  tally: newVolumeTally(),
  rows: [],
  doneTo: 0,
  doneBeyond: [],
});

export const distinctOf = ({ profiles }: VolumeTally): number =>
  Object.values(profiles).reduce((sum, { distinct }) => sum + distinct, 0);

export const rateOf = ({ tally, seconds }: VolumesReport): number =>
  Math.round(tally.images / Math.max(0.001, seconds));

export function rowsOf(report: VolumesReport): VolumesRow[] {
  const rate = rateOf(report);
  return Object.entries(report.tally.profiles).map(([profile, one]) => ({
    subject: 'volume',
    profile,
    ...one,
    rate,
  }));
}

export function lineOf(report: VolumesReport): string {
  const { cases, images, faultRuns, strikes, violations } = report.tally;
  return (
    `${images} images (${distinctOf(report.tally)} distinct) of ${cases} cases, ${faultRuns} runs with ${strikes} ` +
    `failures of files, ${violations.length} violations, ${report.seconds.toFixed(1)} s, ${rateOf(report)}/s`
  );
}

/** Prints all of it; returns the places that were met fewer than so many times under a profile. */
export function showVolumesReport(report: VolumesReport, placesAtLeast: number): readonly string[] {
  for (const { id, profile, what, reason } of report.tally.violations) {
    console.log(`✗ ${reason} — ${profile} ${what} — ${id}`);
  }
  console.table(report.rows.map(({ places: _, ...row }) => row));
  console.log('where the crash fell: images');
  const cells = (place: string) => report.rows.map((row) => [row.profile, row.places[place] ?? 0]);
  console.table(
    Object.fromEntries(PLACES.map((place) => [place, Object.fromEntries(cells(place))])),
  );
  const shortfalls = report.rows.flatMap(({ profile, places }) =>
    PLACES.filter(
      (place) => isReachable(profile, place) && (places[place] ?? 0) < placesAtLeast,
    ).map((place) => `"${place}" was met ${places[place] ?? 0} times under ${profile}`),
  );
  for (const shortfall of shortfalls) console.log(`✗ ${shortfall}`);
  console.log(lineOf(report));
  return shortfalls;
}

/** Where nothing is owed, no image lives on. */
const isReachable = (profile: string, place: string): boolean =>
  profile !== 'lying-flush' || place !== 'inside the recovery of a recovery';

/**
 * What a run of the image lane has found: the file behind `--json`, and the tables it prints.
 *
 * Always true: the file holds whole chunks only, and says which, so that `--resume` goes on there.
 */
import type { Profile } from '@varve/files/simulated';
import {
  addTally,
  EVERY_SUBSET_FROM,
  EXHAUSTIVE_CASES,
  EXHAUSTIVE_TO,
  lineOf,
  newTally,
  type Failure,
  rowShortfalls,
  rowTable,
  type SliceProgress,
  type Tally,
} from '@varve/journal/crash';

export interface ImagesRow {
  readonly subject: 'journal';
  readonly profile: string;
  readonly images: number;
  readonly distinct: number;
  readonly violations: number;
  /** Images a second of the whole run, over all profiles. */
  readonly rate: number;
  /** Row of the recovery tables → images; and of those the ones that a crash alone led there. */
  readonly recoveryRows: Record<string, number>;
  readonly byCrash: Record<string, number>;
}

export interface ImagesReport {
  readonly schema: 2;
  readonly seed: number;
  /** Of the sources, when it began. */
  readonly commit: string;
  readonly profiles: readonly Profile[];
  readonly chunkCases: number;
  /** It walks through the sequences alone, all telling subsets of each, and ends with the last. */
  readonly everySubset: boolean;
  seconds: number;
  images: number;
  distinct: number;
  cases: number;
  rows: ImagesRow[];
  violations: string[];
  failures: Failure[];
  /** Chunks below `doneTo` are done, and those of `doneBeyond`. */
  doneTo: number;
  doneBeyond: number[];
}

export function newReport(
  facts: Pick<ImagesReport, 'seed' | 'commit' | 'profiles' | 'chunkCases' | 'everySubset'>,
): ImagesReport {
  return {
    schema: 2,
    ...facts,
    seconds: 0,
    images: 0,
    distinct: 0,
    cases: 0,
    rows: [],
    violations: [],
    failures: [],
    doneTo: walkOf(facts).from,
    doneBeyond: [],
  };
}

/** Its first chunk, and the one before which all sequences have come up. */
export function walkOf({
  profiles,
  chunkCases,
  everySubset,
}: Pick<ImagesReport, 'profiles' | 'chunkCases' | 'everySubset'>): { from: number; to: number } {
  const chunks = (cases: number): number => Math.ceil((cases * profiles.length) / chunkCases);
  const from = everySubset ? chunks(EVERY_SUBSET_FROM) : 0;
  return { from, to: from + chunks(everySubset ? EXHAUSTIVE_CASES : EXHAUSTIVE_TO) };
}

/** What the report's rows add up. */
export function tallyOfReport(report: ImagesReport): Tally {
  const tally = newTally();
  const { images, distinct, cases } = report;
  Object.assign(tally, { images, distinct, cases });
  for (const { profile, recoveryRows, byCrash, ...row } of report.rows) {
    const { images: own, distinct: ownDistinct, violations } = row;
    tally.profiles[profile as Profile] = {
      images: own,
      distinct: ownDistinct,
      violations,
      rows: { ...recoveryRows },
      byCrash: { ...byCrash },
    };
  }
  tally.violations.push(...report.failures);
  return tally;
}

export function addChunk(
  report: ImagesReport,
  chunk: number,
  found: SliceProgress,
  seconds: number,
): void {
  const tally = tallyOfReport(report);
  addTally(tally, { ...found, violations: [...found.failures] });
  const rate = Math.round(tally.images / Math.max(0.001, seconds));
  report.seconds = seconds;
  report.images = tally.images;
  report.distinct = tally.distinct;
  report.cases = tally.cases;
  report.failures = tally.violations;
  report.violations = tally.violations.map(lineOf);
  report.rows = Object.entries(tally.profiles).map(([profile, one]) => ({
    subject: 'journal',
    profile,
    images: one.images,
    distinct: one.distinct,
    violations: one.violations,
    rate,
    recoveryRows: one.rows,
    byCrash: one.byCrash,
  }));
  report.doneBeyond.push(chunk);
  const beyond = new Set(report.doneBeyond);
  while (beyond.delete(report.doneTo)) report.doneTo++;
  report.doneBeyond = [...beyond].sort((a, b) => a - b);
}

export const rateOf = ({ images, seconds }: ImagesReport): number =>
  Math.round(images / Math.max(0.001, seconds));

const VIOLATIONS_SHOWN = 20;

export function showReport(report: ImagesReport, rowsAtLeast: number): readonly string[] {
  for (const violation of report.violations.slice(0, VIOLATIONS_SHOWN))
    console.log(`✗ ${violation}`);
  console.table(report.rows.map(({ recoveryRows: _, byCrash: __, ...row }) => row));
  const tally = tallyOfReport(report);
  console.log('rows of the recovery tables: images (of which a crash alone led there)');
  console.table(rowTable(tally));
  const shortfalls = rowShortfalls(tally, rowsAtLeast);
  for (const shortfall of shortfalls) console.log(`✗ ${shortfall}`);
  const { from, to } = walkOf(report);
  const sequences = Math.min(1, (report.doneTo - from) / (to - from));
  const subsets = report.everySubset ? ', all telling subsets at each of their crashes' : '';
  console.log(
    `${Math.floor(sequences * 100)}% of all sequences of up to three operations${subsets}`,
  );
  console.log(
    `${report.images} images (${report.distinct} distinct) of ${report.cases} cases in ${report.seconds.toFixed(1)} s, ${rateOf(report)}/s, ${report.violations.length} violations`,
  );
  return shortfalls;
}

/**
 * Which rows of the recovery tables a run of the lane must have met, under which profile.
 *
 * Damage (wounds.ts) leads to every row under every profile. What a crash alone leads to is declared
 * here, with the reason where it cannot: such a row, met without damage and before any fault has
 * struck, is a failure of the lane.
 */
import type { Profile } from '@varve/files/simulated';
import { ALL_PROFILES } from './cases.ts';
import type { Tally } from './tally.ts';

export interface RowReach {
  readonly row: string;
  /** Profiles under which a crash alone, before any fault has struck, never leads here. */
  readonly notByCrash: readonly Profile[];
  readonly because: string;
}

/** Devices that keep what a flush promised, as long as none fails. */
const HONEST: readonly Profile[] = [
  'tab-kill',
  'os',
  'power',
  'fsync-fail-keep',
  'fsync-fail-revert',
  'fsync-fail-late',
];

export const ROW_REACH: readonly RowReach[] = [
  { row: 'present', notByCrash: [], because: '' },
  { row: 'fresh', notByCrash: [], because: '' },
  { row: 'witness-missing', notByCrash: [], because: '' },
  { row: 'format-interrupted', notByCrash: [], because: '' },
  { row: 'erase-interrupted', notByCrash: [], because: '' },
  {
    row: 'files-gone',
    notByCrash: ['tab-kill'],
    because: 'names survive the death of a process',
  },
  {
    row: 'superblocks-destroyed',
    notByCrash: HONEST,
    because: 'one superblock is always settled before the other is written',
  },
  {
    row: 'another-store',
    notByCrash: ALL_PROFILES,
    because: 'nothing writes another store over one that the witness knows',
  },
  { row: 'superblock-lost', notByCrash: [], because: '' },
  { row: 'header-lost', notByCrash: [], because: '' },
  { row: 'restart-incomplete', notByCrash: [], because: '' },
  {
    row: 'file-short',
    notByCrash: HONEST,
    because: 'a superblock counts a slot when its growth has been flushed',
  },
  {
    row: 'next-lost',
    notByCrash: HONEST,
    because: 'a segment is begun after the record that names it was flushed',
  },
  {
    row: 'segment-missing',
    notByCrash: HONEST,
    because: 'the record that names a segment finds it without its header',
  },
  {
    row: 'proven-damage',
    notByCrash: HONEST,
    because: 'what something calls durable was flushed before that was written',
  },
  {
    row: 'harmless-damage',
    notByCrash: HONEST,
    because: 'as proven damage',
  },
  { row: 'clean-end', notByCrash: [], because: '' },
  { row: 'torn-out-of-order', notByCrash: [], because: '' },
  { row: 'torn-tail', notByCrash: [], because: '' },
  { row: 'end-of-writing', notByCrash: [], because: '' },
];

/** Row × profile → images, and in brackets those that a crash alone led there. */
export function rowTable(tally: Tally): Record<string, Record<string, string>> {
  const profiles = Object.entries(tally.profiles);
  const names = new Set([
    ...ROW_REACH.map(({ row }) => row),
    ...profiles.flatMap(([, one]) => Object.keys(one.rows)),
  ]);
  const cells = (row: string): [string, string][] =>
    profiles.map(([profile, { rows, byCrash }]) => [
      profile,
      `${rows[row] ?? 0} (${byCrash[row] ?? 0})`,
    ]);
  return Object.fromEntries([...names].map((row) => [row, Object.fromEntries(cells(row))]));
}

/** What is wrong with the rows that were met: each too seldom, or where it cannot be. */
export function rowShortfalls(tally: Tally, atLeast: number): readonly string[] {
  const wrong: string[] = [];
  for (const [profile, { rows, byCrash }] of Object.entries(tally.profiles)) {
    for (const { row, notByCrash, because } of ROW_REACH) {
      const met = rows[row] ?? 0;
      if (met < atLeast) wrong.push(`${row} was met ${met} times under ${profile}`);
      const unexpected = byCrash[row] ?? 0;
      if (unexpected > 0 && notByCrash.some((one) => one === profile))
        wrong.push(`${row} was met ${unexpected} times under ${profile}, though ${because}`);
    }
  }
  return wrong;
}

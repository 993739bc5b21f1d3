/**
 * What one of several tabs tells the test process about itself, and what it writes.
 *
 * Always true: a tab's two writers are `2 × tab` (the storm) and `2 × tab + 1` (ballast); every
 * operation follows from seed, writer and number, so nobody sends values to be compared.
 */
import { mix, SeededRandom } from './random.ts';
import { HEADER_BYTES, nameOf, sumOf } from './value.ts';

/** lsn, writer, index, part, byte length, sum; writer −1: bytes that no writer of ours made. */
export type TabRow = readonly [number, number, number, number, number, number];

/** A read of the newest records, begun when everything up to `floor` was durable and known here. */
export interface TabRead {
  readonly floor: number;
  readonly rows: readonly TabRow[];
}

/** What the tab is now, and what becoming so took. */
export interface TabRole {
  readonly role: 'leader' | 'follower';
  readonly atMs: number;
}

/** Since the last report; all times are milliseconds since 1970. */
export interface TabReport {
  /** Per writer: operations below this index may be issued from now on. */
  readonly reserved: readonly [number, number];
  /** Per writer: operations below this index were issued. */
  readonly issued: readonly [number, number];
  readonly acknowledged: readonly (readonly [
    lane: number,
    index: number,
    lsn: number,
    atMs: number,
  ])[];
  readonly refused: readonly (readonly [
    lane: number,
    index: number,
    code: string,
    outcome: string,
  ])[];
  readonly tail: readonly TabRow[];
  readonly reads: readonly TabRead[];
  readonly roles: readonly TabRole[];
  /** What went wrong with tail or reads. */
  readonly wrong: readonly string[];
}

export interface TabOperation {
  readonly durability: 'strict' | 'relaxed';
  /** Byte length of each record; more than one: a batch. */
  readonly sizes: readonly number[];
}

export const LANES = { storm: 0, ballast: 1 } as const;
export const BALLAST_BYTES = 60_000;
const STORM_BYTES_MAX = 3000;

export const writerOf = (tab: number, lane: number): number => tab * 2 + lane;

export function tabOperation(seed: number, writer: number, index: number): TabOperation {
  if (writer % 2 === LANES.ballast) return { durability: 'strict', sizes: [BALLAST_BYTES] };
  const random = new SeededRandom(mix(seed, writer, index));
  const durability = random.between(1, 8) === 1 ? 'relaxed' : 'strict';
  const count = random.between(1, 6) === 1 ? random.between(2, 8) : 1;
  const sizes = Array.from({ length: count }, () => random.size(HEADER_BYTES, STORM_BYTES_MAX));
  return { durability, sizes };
}

export function tabRow(lsn: number, bytes: Uint8Array): TabRow {
  const { writer, index, part } = nameOf(bytes) ?? { writer: -1, index: 0, part: 0 };
  return [lsn, writer, index, part, bytes.length, sumOf(bytes)];
}

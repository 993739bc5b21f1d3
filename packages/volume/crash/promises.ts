/**
 * What of a volume holds under which kind of crash or disk: asserted exactly so (`promises.test.ts`).
 *
 * | profile | acknowledged calls are there | all or nothing, and a prefix | check is clean | never served wrong |
 * |---|---|---|---|---|
 * | tab-kill, os, power | yes | yes | yes | yes |
 * | power-no-psow, padded (chunks of 4 KiB and more, `alignmentBytes: 4096`) | yes | yes | yes | yes |
 * | power-no-psow, else | no: the write beside it may take it along | no | no | yes |
 * | fsync-fail-keep, fsync-fail-revert | yes | yes | yes | yes |
 * | fsync-fail-late | until the flush that lied | until then | until then | yes |
 * | lying-flush | no: nothing was ever flushed | no | no | yes |
 *
 * *Never served wrong*: opening ends with a volume or a typed error, and a chunk that is served has
 * bytes that it had after one of the calls; all chunks of all views those of one and the same call.
 */
import type { Profile } from '@varve/files/simulated';

export const ALL_PROFILES: readonly Profile[] = [
  'power',
  'tab-kill',
  'os',
  'power-no-psow',
  'fsync-fail-keep',
  'fsync-fail-revert',
  'fsync-fail-late',
  'lying-flush',
];

/** Whether all of the table holds, as long as no flush has lied. */
export function isWhole(profile: Profile, isPadded: boolean): boolean {
  return profile === 'power-no-psow' ? isPadded : profile !== 'lying-flush';
}

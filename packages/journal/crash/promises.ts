/**
 * Which invariant holds under which kind of crash or disk: asserted exactly so.
 *
 * | profile | I1 acknowledged is there | I2 an exact prefix | I6 no false alarm | never served wrong |
 * |---|---|---|---|---|
 * | tab-kill (relaxed records too), os, power | yes | yes | yes | yes |
 * | power-no-psow, padded store | yes | yes | yes | yes |
 * | power-no-psow, 16-byte alignment | no: the write beside it may take it along | no | no | yes |
 * | lying-flush | no: nothing was ever flushed | no | no | yes |
 * | fsync-fail-keep, fsync-fail-revert | yes | yes | yes | yes |
 * | fsync-fail-late | until the flush that lied | until then | until then | yes |
 *
 * I7 (opening ends, with a result or a typed error) holds everywhere.
 */
import type { Profile } from '@varve/files/simulated';

export interface Promises {
  /** I1, I2, I6: `false` leaves only "what is served was issued" and I7. */
  readonly whole: boolean;
  /** Relaxed records that were written survive, too. */
  readonly crash: 'process' | 'machine';
}

export function promisesOf(profile: Profile, alignmentBytes: number): Promises {
  const crash = profile === 'tab-kill' ? 'process' : 'machine';
  const whole = profile === 'power-no-psow' ? alignmentBytes >= 4_096 : profile !== 'lying-flush';
  return { whole, crash };
}

/**
 * What a worker of the lane runs: a range of the cases, stopping when told so by the limits. Bundled
 * by those who run it, so that planted bugs reach exactly the code that they are put into.
 */
import type { Profile } from '@varve/files/simulated';
import { LIMITS, replay, runLane } from './lane.ts';
import { shrinkFailure } from './shrink-failure.ts';
import type { Failure, Tally } from './tally.ts';

export interface Slice {
  readonly seed: number;
  /** First case, by how many to go on, and the one before which it ends (default: none). */
  readonly from: number;
  readonly step: number;
  readonly to?: number;
  readonly profiles: readonly Profile[];
  readonly images: number;
  /** Wall clock after which no case is begun; 0 = none. */
  readonly untilMs: number;
  readonly stopAtViolations: number;
  /** Make what fails small. */
  readonly shrink?: boolean;
}

export interface SliceProgress extends Omit<Tally, 'violations'> {
  /** One line each. */
  readonly violations: readonly string[];
  readonly failures: readonly Failure[];
}

const PROGRESS_MS = 1_000;

export async function runSlice(
  slice: Slice,
  progress?: (done: SliceProgress) => void,
): Promise<SliceProgress> {
  const { images, stopAtViolations, untilMs, to = Infinity } = slice;
  let told = Date.now();
  const stop = (tally: Tally): boolean => {
    const now = Date.now();
    if (now - told > PROGRESS_MS) {
      told = now;
      progress?.(progressOf(tally));
    }
    return untilMs > 0 && now > untilMs;
  };
  const limits = { ...LIMITS, images, violations: stopAtViolations };
  const tally = await runLane({ ...slice, to }, limits, stop);
  if (slice.shrink === true) {
    for (const [index, failure] of tally.violations.entries())
      tally.violations[index] = await shrinkFailure(failure, LIMITS);
  }
  return progressOf(tally);
}

/** Looks again at the image of this id, alone. @throws when there is none */
export async function replaySlice(id: string): Promise<SliceProgress> {
  return progressOf(await replay(id));
}

export function lineOf({ reason, what, id, profile, least }: Failure): string {
  const line = `${reason} — ${profile} ${what} — ${id}`;
  return least === undefined
    ? line
    : `${line}\n  least: ${least.reason} — ${least.what} — ${least.id}`;
}

function progressOf(tally: Tally): SliceProgress {
  return { ...tally, violations: tally.violations.map(lineOf), failures: tally.violations };
}

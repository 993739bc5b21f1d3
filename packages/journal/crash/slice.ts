/**
 * What a worker of the lane runs: a share of the cases, stopping when told so by the limits. Bundled
 * by those who run it, so that planted bugs reach exactly the code that they are put into.
 */
import type { Profile } from '@varve/files/simulated';
import { type LaneResult, LIMITS, runLane } from './lane.ts';

export interface Slice {
  readonly seed: number;
  /** First case, and how many workers share them. */
  readonly from: number;
  readonly step: number;
  readonly profiles: readonly Profile[];
  readonly images: number;
  /** Wall clock after which no case is begun; 0 = none. */
  readonly untilMs: number;
  readonly stopAtViolations: number;
}

export interface SliceProgress {
  readonly images: number;
  readonly cases: number;
  readonly violations: readonly string[];
  /** Row → profile → images. */
  readonly rows: readonly (readonly [string, number])[];
  /** Profile → images. */
  readonly profiles: readonly (readonly [string, number])[];
}

export async function runSlice(
  slice: Slice,
  progress?: (done: SliceProgress) => void,
): Promise<SliceProgress> {
  let told = Date.now();
  const stop = (result: LaneResult): boolean => {
    const now = Date.now();
    if (now - told > 1_000) {
      told = now;
      progress?.(progressOf(result));
    }
    return (
      result.violations.length >= slice.stopAtViolations ||
      (slice.untilMs > 0 && now > slice.untilMs)
    );
  };
  const limits = { ...LIMITS, images: slice.images, violations: slice.stopAtViolations };
  return progressOf(
    await runLane(slice.seed, slice.from, slice.step, slice.profiles, limits, stop),
  );
}

function progressOf({ images, cases, violations, rows, profiles }: LaneResult): SliceProgress {
  return { images, cases, violations, rows: [...rows], profiles: [...profiles] };
}

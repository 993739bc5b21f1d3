/**
 * The image lane: runs workloads on a simulated disk, crashes at every device operation, and checks
 * legal images of each crash (case-run.ts), case after case.
 */
import { CaseRun, type LaneLimits } from './case-run.ts';
import { caseOf, keyOf, type LaneCase } from './cases.ts';
import { parseReplayId } from './image-id.ts';
import { newTally, type Tally } from './tally.ts';

export const LIMITS: LaneLimits = {
  crashPercent: 34,
  perCrash: 6,
  rotEvery: 9,
  woundEvery: 5,
  twiceEvery: 16,
  secondLifeEvery: 12,
  secondCrashPercent: 50,
  perSecondCrash: 3,
  readFaultEvery: 32,
  images: Infinity,
  violations: 40,
};

/** Runs one case and checks its images. */
export async function runCase(
  lane: LaneCase,
  limits: LaneLimits,
  tally: Tally,
  isDistinct = true,
): Promise<void> {
  await new CaseRun(lane, limits, tally, isDistinct).start();
}

export interface LaneRange {
  readonly seed: number;
  readonly profiles: readonly LaneCase['profile'][];
  /** First number, how many to go on by, and the number before which it ends. */
  readonly from: number;
  readonly step: number;
  readonly to: number;
}

/** Case after case, until the range ends, a limit is reached or `stop` says so. */
export async function runLane(
  { seed, profiles, from, step, to }: LaneRange,
  limits: LaneLimits,
  stop: (tally: Tally) => boolean = () => false,
): Promise<Tally> {
  const tally = newTally();
  const seen = new Set<string>();
  for (let number = from; number < to; number += step) {
    if (tally.images >= limits.images || tally.violations.length >= limits.violations) break;
    if (stop(tally)) break;
    const profile = profiles[number % profiles.length]!;
    const lane = caseOf(seed, Math.floor(number / profiles.length), profile);
    const key = keyOf(lane);
    await runCase(lane, limits, tally, !seen.has(key));
    seen.add(key);
  }
  return tally;
}

/** Looks again at the image of this id, alone. @throws when there is none */
export async function replay(id: string, limits: LaneLimits = LIMITS): Promise<Tally> {
  const { lane, path } = parseReplayId(id);
  const tally = newTally();
  await new CaseRun(lane, limits, tally).replay(path);
  return tally;
}

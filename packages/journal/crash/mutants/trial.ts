/**
 * What a mutant has to survive, in the order of speed: the image lane, then the damage lane's slice.
 * Bundled with the mutant in it.
 */
import { ALL_PROFILES } from '../cases.ts';
import { DamageLane, damageTasks } from '../damage/slice.ts';
import { runSlice } from '../slice.ts';

export interface TrialLimits {
  readonly seed: number;
  readonly images: number;
  /** For the image lane. */
  readonly seconds: number;
  readonly damagePerStore: number;
}

export interface TrialResult {
  readonly killedBy: 'image lane' | 'damage lane' | undefined;
  readonly images: number;
  readonly why: string;
}

export async function runTrial(limits: TrialLimits, alive: () => void): Promise<TrialResult> {
  const { seed, images, seconds, damagePerStore } = limits;
  const slice = {
    seed,
    from: 0,
    step: 1,
    profiles: ALL_PROFILES,
    images,
    untilMs: Date.now() + seconds * 1_000,
    stopAtViolations: 1,
  };
  const found = await runSlice(slice, alive);
  if (found.violations[0] !== undefined)
    return { killedBy: 'image lane', images: found.images, why: found.violations[0] };
  const wounded = await damageViolation(damagePerStore, alive);
  return {
    killedBy: wounded === undefined ? undefined : 'damage lane',
    images: found.images,
    why: wounded ?? '',
  };
}

async function damageViolation(perStore: number, alive: () => void): Promise<string | undefined> {
  try {
    const limits = { perStore, whole: 3, wholeEvery: Infinity, violations: 1 };
    const lane = await DamageLane.make(5, limits);
    for (const task of damageTasks(lane.stores)) {
      alive();
      const { violations } = await lane.run(task);
      if (violations[0] !== undefined) return violations[0];
    }
    return undefined;
  } catch (error) {
    return `no golden stores: ${String(error)}`;
  }
}

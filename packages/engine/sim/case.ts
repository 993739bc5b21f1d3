/**
 * One case of the lane, and its name: `tabs:SEED`, `tabs:SEED.TABS`, `tabs:SEED.TABS.STEPS`;
 * `volume-tabs:` where the tabs have a volume open, and no log.
 *
 * Always true: equal names are equal runs. TABS 0: as many as the seed says; STEPS, in base 36 and
 * with a comma between: only these of the plan.
 */
import { type Plan, planOf } from './log/plan.ts';
import type { World } from './world.ts';
import { type VolumePlan, volumePlanOf } from './volume/plan.ts';

/** What the tabs have open: a log, or a volume. */
export type Subject = 'tabs' | 'volume-tabs';

export interface TabsCase {
  readonly subject: Subject;
  readonly seed: number;
  /** 0: by seed. */
  readonly tabs: number;
  /** Undefined: all. */
  readonly steps?: readonly number[];
}

const BASE = 36;

export function nameOfCase({ subject, seed, tabs, steps }: TabsCase): string {
  const kept = steps?.map((step) => step.toString(BASE)).join(',');
  if (kept !== undefined) return `${subject}:${seed}.${tabs}.${kept}`;
  return tabs === 0 ? `${subject}:${seed}` : `${subject}:${seed}.${tabs}`;
}

/** @throws when it is no name of a case */
export function caseOfName(name: string): TabsCase {
  const [, subject, seed, tabs, steps] =
    /^(tabs|volume-tabs):(\d+)(?:\.(\d+)(?:\.([\da-z,]*))?)?$/.exec(name) ?? [];
  if (seed === undefined) throw new Error(`${name} is no case of the simulation of tabs`);
  const kept = steps?.split(',').filter((step) => step !== '');
  return {
    subject: subject as Subject,
    seed: Number(seed),
    tabs: Number(tabs ?? 0),
    ...(kept && { steps: kept.map((step) => Number.parseInt(step, BASE)) }),
  };
}

/** @param one of a log */
export const planOfCase = (one: TabsCase): Plan =>
  keptOf(planOf(one.seed, one.tabs || undefined), one);

/** @param one of a volume */
export const volumePlanOfCase = (one: TabsCase): VolumePlan =>
  keptOf(volumePlanOf(one.seed, one.tabs || undefined), one);

export const worldOfCase = (one: TabsCase): World<unknown> =>
  one.subject === 'tabs' ? planOfCase(one) : volumePlanOfCase(one);

function keptOf<P extends { readonly steps: readonly unknown[] }>(plan: P, { steps }: TabsCase): P {
  if (steps === undefined) return plan;
  return { ...plan, steps: plan.steps.filter((_, index) => steps.includes(index)) };
}

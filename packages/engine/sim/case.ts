/**
 * One case of the lane, and its name: `tabs:SEED`, `tabs:SEED.TABS`, `tabs:SEED.TABS.STEPS`.
 *
 * Always true: equal names are equal runs. TABS 0: as many as the seed says; STEPS, in base 36 and
 * with a comma between: only these of the plan.
 */
import { type Plan, planOf } from './log/plan.ts';

export interface TabsCase {
  readonly seed: number;
  /** 0: by seed. */
  readonly tabs: number;
  /** Undefined: all. */
  readonly steps?: readonly number[];
}

const BASE = 36;

export function nameOfCase({ seed, tabs, steps }: TabsCase): string {
  const kept = steps?.map((step) => step.toString(BASE)).join(',');
  if (kept !== undefined) return `tabs:${seed}.${tabs}.${kept}`;
  return tabs === 0 ? `tabs:${seed}` : `tabs:${seed}.${tabs}`;
}

/** @throws when it is no name of a case */
export function caseOfName(name: string): TabsCase {
  const [, seed, tabs, steps] = /^tabs:(\d+)(?:\.(\d+)(?:\.([\da-z,]*))?)?$/.exec(name) ?? [];
  if (seed === undefined) throw new Error(`${name} is no case of the simulation of tabs`);
  const kept = steps?.split(',').filter((step) => step !== '');
  return {
    seed: Number(seed),
    tabs: Number(tabs ?? 0),
    ...(kept && { steps: kept.map((step) => Number.parseInt(step, BASE)) }),
  };
}

export function planOfCase({ seed, tabs, steps: kept }: TabsCase): Plan {
  const plan = planOf(seed, tabs === 0 ? undefined : tabs);
  if (kept === undefined) return plan;
  const steps = plan.steps.filter((_, index) => kept.includes(index));
  return { ...plan, steps };
}

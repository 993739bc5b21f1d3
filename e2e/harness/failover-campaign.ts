/**
 * Many leader deaths in a row, over stores that outlive several each.
 *
 * Always true: death `n` of a seed is planned the same whatever came before its store was made, so a
 * failure is played again from the first death of its store.
 */
import type { KillPoint } from '@varve/crashkit/playwright';
import { DEATHS_PER_STORE, failoverPlanOf, tabsOf, type Death } from './failover-plan.ts';
import { FailoverRun, type FailoverResult, type FailoverRunOptions } from './failover-run.ts';
import type { TabsVerdict } from './tabs-judge.ts';

export interface FailoverCampaignOptions extends FailoverRunOptions {
  readonly failovers: number;
  /** Number of the first death: the first of its store. */
  readonly from?: number;
  readonly kinds: readonly Death[];
  /** Every leader dies there; absent: by the plan. */
  readonly at?: KillPoint | undefined;
  /** For controls: one such failure is all they are asked for. */
  readonly stopAt?: RegExp;
  readonly onOutcome?: (outcome: FailoverOutcome) => void;
}

/** A death, or the judgement of the store after its last one. */
export interface FailoverOutcome {
  readonly number: number;
  readonly kind: Death;
  readonly result: FailoverResult | undefined;
  /** After the last death of a store. */
  readonly verdict: TabsVerdict | undefined;
  /** Broken rules, or what did not happen in time. */
  readonly failures: readonly string[];
}

export interface FailoverCampaign {
  readonly browser: string;
  readonly outcomes: readonly FailoverOutcome[];
}

export const firstDeathOfStore = (number: number): number => number - (number % DEATHS_PER_STORE);

export async function runFailovers(options: FailoverCampaignOptions): Promise<FailoverCampaign> {
  const first = firstDeathOfStore(options.from ?? 0);
  const outcomes: FailoverOutcome[] = [];
  let run = new FailoverRun(options);
  try {
    await run.start();
    const browser = run.version;
    const end = first + options.failovers;
    for (let number = first; number < end;) {
      const storeEnd = Math.min(end, firstDeathOfStore(number) + DEATHS_PER_STORE);
      const last = await oneStore(run, options, number, storeEnd, (outcome) => {
        outcomes.push(outcome);
        options.onOutcome?.(outcome);
      });
      number = last.number + 1;
      if (options.stopAt !== undefined && last.failures.some((each) => options.stopAt!.test(each)))
        break;
      if (last.verdict !== undefined) continue;
      // Whatever state that left: a new profile, and the store's other deaths with a new store.
      await run.close();
      run = new FailoverRun(options);
      await run.start();
    }
    return { browser, outcomes };
  } finally {
    await run.close();
  }
}

/** Deaths `from` up to `end` of one store. @returns the last outcome: without a verdict it was cut short */
async function oneStore(
  run: FailoverRun,
  { seed, kinds, at }: FailoverCampaignOptions,
  from: number,
  end: number,
  tell: (outcome: FailoverOutcome) => void,
): Promise<FailoverOutcome> {
  let plan = failoverPlanOf(seed, from, kinds, at);
  let result: FailoverResult | undefined;
  let outcome: FailoverOutcome;
  try {
    await run.beginStore(`failover-${from}`, tabsOf(seed, from));
    for (let number = from; ; number++) {
      plan = failoverPlanOf(seed, number, kinds, at);
      result = undefined;
      result = await run.death(plan);
      if (number + 1 === end) break;
      tell({ number, kind: plan.kind, result, verdict: undefined, failures: [] });
    }
    const verdict = await run.endStore();
    const { number, kind } = plan;
    outcome = { number, kind, result, verdict, failures: verdict.violations };
  } catch (error) {
    const { number, kind } = plan;
    outcome = { number, kind, result, verdict: undefined, failures: [String(error)] };
  }
  tell(outcome);
  return outcome;
}

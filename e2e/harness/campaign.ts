/**
 * Many kills in a row, over stores that live through several each; one table at the end.
 *
 * Always true: kill `n` of a seed does the same whatever came before its store was made, so a
 * failure is played again from the first kill of its store.
 */
import { CrashRun, type CrashRunOptions, type KillResult } from './crash-run.ts';
import { KILLS_PER_STORE, planOf, type Kind } from './plan.ts';

export interface CampaignOptions extends CrashRunOptions {
  readonly kills: number;
  /** Number of the first kill; rounded down to the first of its store. */
  readonly from?: number;
  readonly kinds: readonly Kind[];
  /** For controls: one such failure is all they are asked for. */
  readonly stopAt?: RegExp;
  readonly onKill?: (outcome: KillOutcome) => void;
}

/** A kill that was judged, or one after which no judgement was possible. */
export interface KillOutcome {
  readonly number: number;
  readonly kind: Kind;
  readonly result: KillResult | undefined;
  /** Violations of the oracle's rules, or why the store could not be opened or read. */
  readonly failures: readonly string[];
}

export interface CampaignResult {
  readonly browser: string;
  readonly outcomes: readonly KillOutcome[];
}

export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const first = firstOfStore(options.from ?? 0);
  const outcomes: KillOutcome[] = [];
  let run = new CrashRun(options);
  try {
    await run.start();
    const browser = run.version;
    for (let number = first; number < first + options.kills; number++) {
      if (number % KILLS_PER_STORE === 0) run.beginStore(`store-${number}`);
      const outcome = await oneKill(run, options, number);
      outcomes.push(outcome);
      options.onKill?.(outcome);
      if (options.stopAt !== undefined && shows(outcome, options.stopAt)) break;
      if (outcome.result === undefined) {
        // Whatever state that left: a new profile and a new store.
        await run.close();
        run = new CrashRun(options);
        await run.start();
        run.beginStore(`store-${number}-again`);
      }
    }
    return { browser, outcomes };
  } finally {
    await run.close();
  }
}

/** Whether one of its failures is of that kind. */
export function shows({ failures }: KillOutcome, kind: RegExp): boolean {
  return failures.some((failure) => kind.test(failure.replace(/^PageFailure: /, '')));
}

export function firstOfStore(number: number): number {
  return number - (number % KILLS_PER_STORE);
}

async function oneKill(
  run: CrashRun,
  options: CampaignOptions,
  number: number,
): Promise<KillOutcome> {
  const plan = planOf(options.seed, number, options.kinds);
  const { kind } = plan;
  try {
    const result = await run.kill(plan);
    return { number, kind, result, failures: result.verdict.violations };
  } catch (error) {
    return { number, kind, result: undefined, failures: [String(error)] };
  }
}

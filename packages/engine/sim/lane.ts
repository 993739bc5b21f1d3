/**
 * The lane of tabs: case after case, and what they came to.
 */
import { type TabsCase, nameOfCase, planOfCase, volumePlanOfCase } from './case.ts';
import { simulateLog } from './log/run.ts';
import type { Outcome, Trace } from './machine.ts';
import { simulateVolume } from './volume/run.ts';

/** What a run has seen, as plain data. */
export interface TabsTally {
  cases: number;
  /** Of logs in the end. */
  records: number;
  /** Appends; of volumes, changes. */
  acknowledged: number;
  /** Reads and tails that were judged. */
  looks: number;
  /** How often a worker opened the store. */
  leaders: number;
  virtualMs: number;
  /** Kind of call and code of its error → how often. */
  readonly failures: Record<string, number>;
  readonly violations: TabsFailure[];
}

export interface TabsFailure {
  readonly id: string;
  readonly reasons: readonly string[];
  /** The same with the fewest steps that were found. */
  readonly least?: { readonly id: string; readonly reasons: readonly string[] };
}

export const newTabsTally = (): TabsTally => ({
  cases: 0,
  records: 0,
  acknowledged: 0,
  looks: 0,
  leaders: 0,
  virtualMs: 0,
  failures: {},
  violations: [],
});

const COUNTS = ['cases', 'records', 'acknowledged', 'looks', 'leaders', 'virtualMs'] as const;

export function addTabsTally(sum: TabsTally, more: TabsTally): void {
  for (const count of COUNTS) sum[count] += more[count];
  for (const [failure, times] of Object.entries(more.failures))
    sum.failures[failure] = (sum.failures[failure] ?? 0) + times;
  sum.violations.push(...more.violations);
}

/** Runs one case, and adds what it came to. */
export async function runTabsCase(
  one: TabsCase,
  tally: TabsTally,
  trace?: Trace,
): Promise<readonly string[]> {
  const outcome = await simulate(one, trace);
  const { violations, history } = outcome;
  tally.cases++;
  for (const count of ['records', 'acknowledged', 'looks', 'virtualMs'] as const)
    tally[count] += outcome[count];
  tally.leaders += history.leaders;
  for (const [failure, times] of history.failures)
    tally.failures[failure] = (tally.failures[failure] ?? 0) + times;
  if (violations.length > 0) tally.violations.push({ id: nameOfCase(one), reasons: violations });
  return violations;
}

function simulate(one: TabsCase, trace?: Trace): Promise<Outcome> {
  return one.subject === 'tabs'
    ? simulateLog(planOfCase(one), trace)
    : simulateVolume(volumePlanOfCase(one), trace);
}

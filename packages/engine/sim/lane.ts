/**
 * The lane of tabs: case after case, and what they came to.
 */
import { type TabsCase, nameOfCase, planOfCase } from './case.ts';
import { simulateLog } from './log/run.ts';

/** What a run has seen, as plain data. */
export interface TabsTally {
  cases: number;
  records: number;
  acknowledged: number;
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
  leaders: 0,
  virtualMs: 0,
  failures: {},
  violations: [],
});

export function addTabsTally(sum: TabsTally, more: TabsTally): void {
  for (const count of ['cases', 'records', 'acknowledged', 'leaders', 'virtualMs'] as const)
    sum[count] += more[count];
  for (const [failure, times] of Object.entries(more.failures))
    sum.failures[failure] = (sum.failures[failure] ?? 0) + times;
  sum.violations.push(...more.violations);
}

/** Runs one case, and adds what it came to. */
export async function runTabsCase(
  one: TabsCase,
  tally: TabsTally,
  trace?: (line: string) => void,
): Promise<readonly string[]> {
  const { violations, history, records, virtualMs } = await simulateLog(planOfCase(one), trace);
  tally.cases++;
  tally.records += records;
  tally.acknowledged += history.appends.filter(({ lsn }) => lsn !== undefined).length;
  tally.leaders += history.leaders;
  tally.virtualMs += virtualMs;
  for (const [failure, times] of history.failures)
    tally.failures[failure] = (tally.failures[failure] ?? 0) + times;
  if (violations.length > 0) tally.violations.push({ id: nameOfCase(one), reasons: violations });
  return violations;
}

/**
 * What a worker of the lane runs: a range of seeds. Bundled by those who run it, so that planted bugs
 * reach exactly the code that they are put into.
 */
import { type Subject, caseOfName, worldOfCase } from './case.ts';
import { type TabsTally, newTabsTally, runTabsCase } from './lane.ts';
import { shrinkTabs } from './shrink.ts';

export interface TabsSlice {
  readonly subject: Subject;
  /** First seed, and the one before which it ends. */
  readonly from: number;
  readonly to: number;
  /** 0: by seed. */
  readonly tabs: number;
  readonly stopAtViolations: number;
  /** Make what fails small. */
  readonly shrink: boolean;
}

/** `seeds` seeds from one on, of logs unless said otherwise. */
export const sliceFrom = (
  from: number,
  seeds: number,
  more: Partial<TabsSlice> = {},
): TabsSlice => ({
  subject: 'tabs',
  from,
  to: from + seeds,
  tabs: 0,
  stopAtViolations: 5,
  shrink: false,
  ...more,
});

export async function runTabsSlice(slice: TabsSlice): Promise<TabsTally> {
  const { subject, from, to, tabs, stopAtViolations, shrink } = slice;
  const tally = newTabsTally();
  for (let seed = from; seed < to && tally.violations.length < stopAtViolations; seed++)
    await runTabsCase({ subject, seed, tabs }, tally);
  if (shrink) {
    for (const [index, failure] of tally.violations.entries())
      tally.violations[index] = await shrinkTabs(failure);
  }
  return tally;
}

/** One case again, by its name: its plan, and what came of it. @throws when it is none */
export async function replayTabs(
  id: string,
  trace?: (line: string) => void,
): Promise<{ readonly tally: TabsTally; readonly plan: string }> {
  const one = caseOfName(id);
  const { steps, ...facts } = worldOfCase(one);
  const lines = steps.map(({ atMs, tab, act }) => `${atMs} ms, tab ${tab}: ${JSON.stringify(act)}`);
  const tally = newTabsTally();
  await runTabsCase(one, tally, trace);
  return { tally, plan: [JSON.stringify(facts), ...lines].join('\n') };
}

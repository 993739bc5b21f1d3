/**
 * Making a failing case small: fewer steps, as long as the same invariant is still broken.
 */
import { type TabsCase, caseOfName, nameOfCase, worldOfCase } from './case.ts';
import { type TabsFailure, newTabsTally, runTabsCase } from './lane.ts';

/** The invariant that a violation names. */
const kindOf = (reason: string): string => reason.slice(0, reason.indexOf(':'));

/** Takes steps away, in halves and then one by one, until none can go. */
export async function shrinkTabs(failure: TabsFailure): Promise<TabsFailure> {
  const whole = caseOfName(failure.id);
  const kinds = new Set(failure.reasons.map(kindOf));
  let steps = whole.steps ?? worldOfCase(whole).steps.map((_, index) => index);
  let reasons = failure.reasons;
  const without = async (from: number, length: number): Promise<boolean> => {
    const fewer = steps.toSpliced(from, length);
    if (fewer.length === steps.length) return false;
    const found = await runTabsCase(small(whole, fewer), newTabsTally());
    if (!found.some((reason) => kinds.has(kindOf(reason)))) return false;
    steps = fewer;
    reasons = found;
    return true;
  };
  for (let length = Math.ceil(steps.length / 2); length > 1; length = Math.ceil(length / 2)) {
    for (let from = 0; from < steps.length;) if (!(await without(from, length))) from += length;
  }
  for (let shrunk = true; shrunk;) {
    shrunk = false;
    for (let from = steps.length - 1; from >= 0; from--) if (await without(from, 1)) shrunk = true;
  }
  return { ...failure, least: { id: nameOfCase(small(whole, steps)), reasons } };
}

function small({ subject, seed, tabs }: TabsCase, steps: readonly number[]): TabsCase {
  return { subject, seed, tabs, steps };
}

import { newTabsTally, runTabsCase } from './lane.ts';
import { shrinkTabs } from './shrink.ts';
import { caseOfName } from './case.ts';
import { replayTabs } from './slice.ts';
for (const id of process.argv.slice(2)) {
  const tally = newTabsTally();
  await runTabsCase(caseOfName(id), tally);
  if (tally.violations.length === 0) {
    console.log(id, 'ok');
    continue;
  }
  const { least } = await shrinkTabs(tally.violations[0]!);
  const { plan } = await replayTabs(least!.id);
  console.log(least!.id, '\n' + plan + '\n' + least!.reasons.join('\n'));
}

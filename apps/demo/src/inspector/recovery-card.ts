/** What opening the store found and did, with the rows of the decision table that applied. */
import type { RecoveryReport } from 'varve';
import { el, replace } from '../ui/dom.ts';
import { count, duration, lsnRange, plural, size } from '../ui/format.ts';
import { factsCard, type Fact } from './facts-card.ts';
import type { StoreWatch } from './store-watch.ts';

function factsOf(report: RecoveryReport): Fact[] {
  const facts: Fact[] = [
    [
      'Closed before',
      report.clean ? 'properly' : 'no: it crashed or was killed',
      report.clean ? 'good' : 'watch',
    ],
    ['Took', duration(report.durationMs)],
    ['Looked at', size(report.scannedBytes)],
    ['Last record', report.lastLsn === 0 ? 'none' : `LSN ${count(report.lastLsn)}`],
    [
      'Written again',
      report.rewrittenRecords === 0 ? 'none' : plural(report.rewrittenRecords, 'record'),
    ],
    [
      'Torn bytes',
      report.tornBytes === 0 ? 'none' : size(report.tornBytes),
      report.tornBytes === 0 ? 'plain' : 'watch',
    ],
  ];
  if (report.tailUncertain !== null) {
    facts.push([
      'Tail uncertain',
      `from LSN ${count(report.tailUncertain.from)} (${report.tailUncertain.evidence})`,
      'watch',
    ]);
  }
  for (const range of report.damage)
    facts.push(['Damage', `${lsnRange(range.from, range.to)}, proof: ${range.proof}`, 'alarm']);
  for (const place of report.invalidSuperblocks)
    facts.push(['Superblock', `${place === 0 ? 'A' : 'B'} did not verify`, 'alarm']);
  return facts;
}

export function recoveryCard(watch: StoreWatch): HTMLElement {
  const card = factsCard('Last recovery');
  const rows = el('ul', { class: 'tags', 'aria-label': 'Rows of the recovery table that applied' });
  let shown: RecoveryReport | undefined;
  watch.viewed.on(({ status }) => {
    if (status === undefined || status.recovery === shown) return;
    shown = status.recovery;
    replace(rows, ...shown.rows.map((row) => el('li', { class: 'tag' }, row)));
    card.show(factsOf(shown), rows);
  });
  return card.element;
}

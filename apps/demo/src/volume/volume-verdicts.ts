/** What came out of a crash, or of a check. */
import type { CheckReport } from 'varve/volume';
import { el } from '../ui/dom.ts';
import { duration, plural } from '../ui/format.ts';
import { icon } from '../ui/icons.ts';
import type { CrashVerdict } from './easel.ts';
import { isSound } from './stroke-ledger.ts';

function verdict(
  kind: string,
  passed: boolean,
  title: string,
  text: string,
  ...more: HTMLElement[]
): HTMLElement {
  return el(
    'article',
    {
      class: passed ? 'verdict' : 'verdict is-failed',
      'data-verdict-of': kind,
      'data-passed': passed,
      'data-failed': !passed,
    },
    el('h3', {}, icon(passed ? 'check' : 'alert'), title),
    el('p', {}, text),
    ...more,
  );
}

const FATES: Readonly<Record<CrashVerdict['inFlight'], string>> = {
  none: 'None was on its way at that moment.',
  whole: 'The one on its way is there, as a whole; nobody had been promised it.',
  absent: 'Of the one on its way there is nothing, not a part of it; nobody had been promised it.',
  torn: 'Of the one on its way there is a part.',
};

export function crashVerdict(judged: CrashVerdict): HTMLElement {
  const { acknowledged, lost, inFlight, inFlightTiles, openedInMs } = judged;
  const passed = isSound(judged);
  const title = passed
    ? `All ${plural(acknowledged, 'acknowledged stroke')} there`
    : `${plural(lost.length, 'chunk')} not as acknowledged`;
  const onItsWay = inFlight === 'none' ? '' : ` It had ${plural(inFlightTiles, 'chunk')}.`;
  return verdict(
    'crash',
    passed,
    title,
    `The worker was terminated in the middle of the strokes; the volume served again ${duration(openedInMs)} after it was asked for, and every byte was read back. ${FATES[inFlight]}${onItsWay}`,
  );
}

export function checkVerdict(report: CheckReport, tookMs: number): HTMLElement {
  const { ok, chunks, exceptions, metaBlocks, chunksVerified, findings, findingsTotal } = report;
  return verdict(
    'check',
    ok,
    ok ? 'Everything agrees' : plural(findingsTotal, 'finding'),
    `${plural(chunks, 'chunk')}, ${plural(exceptions, 'exception')} and ${plural(metaBlocks, 'block')} of metadata were walked, ${plural(chunksVerified, 'content')} read and compared with ${chunksVerified === 1 ? 'its digest' : 'their digests'}, in ${duration(tookMs)}.`,
    ...(findings.length === 0
      ? []
      : [
          el(
            'ul',
            { class: 'quiet' },
            ...findings
              .slice(0, 8)
              .map(({ kind, message }) => el('li', {}, el('code', {}, kind), ` ${message}`)),
          ),
        ]),
  );
}

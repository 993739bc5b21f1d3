/** What came out of a crash, or of a check. */
import type { CheckReport } from 'varve/volume';
import { el } from '../ui/dom.ts';
import { duration, plural } from '../ui/format.ts';
import { icon } from '../ui/icons.ts';
import type { CrashVerdict } from './crash-trial.ts';
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

/** What nobody had been promised may be there or not; in order, and never in part. */
function fateOf({ onTheirWay, kept }: CrashVerdict): string {
  if (onTheirWay === 0) return 'No other was on its way.';
  const isOne = onTheirWay === 1;
  const strokes = `${plural(onTheirWay, 'more stroke was', 'more strokes were')} on ${isOne ? 'its' : 'their'} way, promised to nobody: `;
  if (kept === 0) return `${strokes}nothing of ${isOne ? 'it' : 'them'} is there, not even a part.`;
  if (kept === onTheirWay) return `${strokes}${isOne ? 'it is' : 'all are'} there, as a whole.`;
  const first = kept === 1 ? 'the first is' : `the first ${kept} are`;
  return `${strokes}${first} there as a whole, and nothing of the rest.`;
}

export function crashVerdict(judged: CrashVerdict): HTMLElement {
  const { acknowledged, wrong, openedInMs } = judged;
  const passed = isSound(judged);
  const failed =
    wrong.length === 0 ? 'A group is there in part' : `${plural(wrong.length, 'chunk')} wrong`;
  return verdict(
    'crash',
    passed,
    passed ? `All ${plural(acknowledged, 'acknowledged stroke')} there` : failed,
    `The worker was terminated in the middle; the volume served again ${duration(openedInMs)} after it was asked for, and every byte was read back. ${fateOf(judged)}`,
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

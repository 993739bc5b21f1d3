/** The verdict on a crash, with the appends that were in flight drawn one by one. */
import { el } from '../ui/dom.ts';
import { count, duration, plural, size } from '../ui/format.ts';
import { icon } from '../ui/icons.ts';
import type { Verdict } from './verdict.ts';

const HOW: Record<Verdict['end'], string> = {
  running: 'The page went away in the middle of the storm.',
  stopped: 'The storm was stopped.',
  'worker killed': 'The worker was terminated in the middle of the storm.',
  failed: 'The storm met an error and stopped.',
};

function sentence(verdict: Verdict): string {
  if (verdict.passed) return 'Nothing acknowledged was lost';
  if (verdict.lost > 0) return `${plural(verdict.lost, 'acknowledged record')} lost`;
  if (verdict.wrongBytes > 0)
    return `${plural(verdict.wrongBytes, 'record')} came back with other bytes`;
  return `${plural(verdict.strangers + verdict.outOfOrder, 'record')} that should not stand there`;
}

function inFlightView(verdict: Verdict): HTMLElement | false {
  const flying = verdict.inFlight.filter((each) => each !== 'none');
  if (flying.length === 0) return false;
  const found = flying.filter((each) => each === 'found').length;
  return el(
    'div',
    { class: 'flight' },
    el(
      'ul',
      { class: 'flight-marks', 'aria-hidden': 'true' },
      ...flying.map((each) => el('li', { class: `flight-${each}` })),
    ),
    el(
      'p',
      { class: 'quiet' },
      `${plural(flying.length, 'append was', 'appends were')} in flight: ${count(found)} found, ${count(flying.length - found)} not. Neither had been promised, so both are right.`,
    ),
  );
}

function recoveryText({ recovery, openedInMs }: Verdict): string {
  const torn =
    recovery.tornBytes === 0
      ? 'found no torn bytes'
      : `cut ${size(recovery.tornBytes)} of torn bytes`;
  const again =
    recovery.rewrittenRecords === 0
      ? 'had nothing to write again'
      : `wrote ${plural(recovery.rewrittenRecords, 'unproven record')} again`;
  return `Serving again ${duration(openedInMs)} after reopening: recovery looked at ${size(recovery.scannedBytes)}, ${torn} and ${again}. `;
}

const checkedText = ({ recovered, checkedInMs }: Verdict): string =>
  `Every byte of ${plural(recovered, 'record')} was compared in ${duration(checkedInMs)}.`;

export function verdictView(verdict: Verdict): HTMLElement {
  const number = (term: string, value: number, hint: string): HTMLElement =>
    el(
      'div',
      { title: hint },
      el('dt', {}, term),
      el('dd', { 'data-verdict': term.toLowerCase() }, count(value)),
    );
  const crashed = verdict.end === 'running' || verdict.end === 'worker killed';
  return el(
    'article',
    {
      class: `verdict ${verdict.passed ? 'is-passed' : 'is-failed'}`,
      'data-passed': verdict.passed,
    },
    el('h3', {}, icon(verdict.passed ? 'shield' : 'alert'), sentence(verdict)),
    el('p', { class: 'quiet' }, HOW[verdict.end]),
    el(
      'dl',
      { class: 'verdict-numbers' },
      number('Issued', verdict.issued, 'Appends that were asked for'),
      number('Acknowledged', verdict.acknowledged, 'Appends that resolved: Varve promised them'),
      number('Recovered', verdict.recovered, 'Records of this storm that the store holds now'),
    ),
    inFlightView(verdict),
    el('p', { class: 'quiet' }, ...(crashed ? [recoveryText(verdict)] : []), checkedText(verdict)),
  );
}

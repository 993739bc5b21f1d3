/** The line of figures above everything: the marks of the log, and who it survives. */
import { el, setText } from '../ui/dom.ts';
import { count } from '../ui/format.ts';
import type { StoreWatch } from './store-watch.ts';

export const SURVIVES_WORDS = {
  none: 'nothing',
  tab: 'a tab crash',
  os: 'an OS crash',
  power: 'a power cut',
} as const;

export function keyFigures(watch: StoreWatch): HTMLElement {
  const box = el('dl', { class: 'figures' });
  const figure = (term: string, hint: string, tone = ''): HTMLElement => {
    const value = el('dd', { class: tone }, '–');
    box.append(el('div', { title: hint }, el('dt', {}, term), value));
    return value;
  };
  const last = figure('Last LSN', 'The last record written');
  const durable = figure('Durable', 'Everything up to here survives a crash', 'tone-durable');
  const covered = figure('Checkpoint', 'What the last checkpoint stands for', 'tone-covered');
  const generation = figure('Generation', 'Grows with every open: one writer, one generation');
  const survives = figure('Survives', 'The worst crash that acknowledged records survive now');

  watch.viewed.on(({ status, phase }) => {
    if (status === undefined) {
      for (const value of [last, durable, covered, generation, survives]) setText(value, '–');
      return;
    }
    setText(last, count(status.lastLsn));
    setText(durable, count(status.durableLsn));
    setText(covered, status.coveredLsn === 0 ? 'none' : count(status.coveredLsn));
    setText(generation, count(status.generation));
    setText(survives, phase === 'down' ? 'worker down' : SURVIVES_WORDS[status.survives]);
  });
  return box;
}

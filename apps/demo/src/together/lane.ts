/** One tab's row: what it is, its numbers over time, and how they hold. */
import { el, setText } from '../ui/dom.ts';
import { count, duration } from '../ui/format.ts';
import { paintLane } from './lane-painter.ts';
import { isUnbroken } from './pulse-check.ts';
import { STATE_WORDS } from './role-badge.ts';
import type { Society } from './society.ts';
import type { TabFacts } from './words.ts';

const HEIGHT = 40;
/** A wait that a person would notice. */
const LONG_WAIT_MS = 250;

export interface Lane {
  readonly element: HTMLElement;
  /** @param tab undefined when it is gone */
  draw(tab: TabFacts | undefined): void;
  paint(): void;
}

export function lane(society: Society, id: string): Lane {
  const isOwn = id === society.roster.own.id;
  const label = el('b', {});
  const state = el('span', { class: 'lane-state' });
  const numbers = el('span', { class: 'lane-numbers' });
  const canvas = el('canvas', { class: 'lane-canvas', 'aria-hidden': 'true' });
  const element = el(
    'li',
    { class: 'lane', 'data-tab': id },
    el(
      'div',
      { class: 'lane-head' },
      label,
      isOwn && el('span', { class: 'quiet' }, 'this tab'),
      state,
    ),
    numbers,
    canvas,
  );

  const drawNumbers = (): void => {
    const counted = society.check.of(id);
    const waitingMs = isOwn ? society.writer.waitingMs : 0;
    element.dataset['last'] = String(counted?.last ?? 0);
    element.dataset['unbroken'] = String(counted === undefined || isUnbroken(counted));
    element.classList.toggle('is-broken', counted !== undefined && !isUnbroken(counted));
    if (waitingMs > LONG_WAIT_MS)
      return setText(
        numbers,
        `number ${count(society.writer.number)} waits, ${duration(waitingMs)}`,
      );
    if (counted === undefined) return setText(numbers, 'no number yet');
    const faults = counted.lost + counted.twice + counted.late;
    const verdict = faults === 0 ? 'unbroken' : `${counted.lost} lost, ${counted.twice} twice`;
    setText(numbers, `up to ${count(counted.last)}, ${verdict}`);
  };

  return {
    element,
    draw(tab) {
      setText(label, society.labelOf(id));
      element.dataset['state'] = tab?.state ?? 'gone';
      setText(state, tab === undefined ? 'gone' : STATE_WORDS[tab.state].toLocaleLowerCase());
      drawNumbers();
    },
    paint() {
      const width = canvas.clientWidth;
      const context = canvas.getContext('2d');
      if (context === null || width === 0) return;
      const scale = devicePixelRatio;
      if (canvas.width !== Math.round(width * scale)) {
        canvas.width = Math.round(width * scale);
        canvas.height = Math.round(HEIGHT * scale);
      }
      context.setTransform(scale, 0, 0, scale, 0, 0);
      paintLane(context, {
        width,
        height: HEIGHT,
        nowMs: Date.now(),
        arrivals: society.arrivalsOf(id),
        epochs: society.epochs,
      });
      drawNumbers();
    },
  };
}

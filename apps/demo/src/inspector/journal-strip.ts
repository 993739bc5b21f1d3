/**
 * The journal file as a row of sediment cores: one per slot, filled as far as it is written.
 *
 * Always true: a core's element stays for its slot, so that focus survives a redraw.
 */
import type { StoreLayout } from 'varve';
import { el, setText } from '../ui/dom.ts';
import { count, lsnRange, plural, size } from '../ui/format.ts';
import type { StoreView, StoreWatch } from './store-watch.ts';

type Slot = StoreLayout['slots'][number];

/** Sediment tones that generations take in turn (`--gen-0` … in the stylesheet). */
export const GENERATION_TONES = 6;

const STATE_WORDS: Record<Slot['state'], string> = {
  tail: 'tail, appends go here',
  sealed: 'sealed',
  spare: 'spare, prepared ahead',
  damaged: 'damaged',
};

const holds = (slot: Slot, lsn: number): boolean =>
  lsn > 0 && slot.state !== 'spare' && slot.firstLsn <= lsn && lsn <= slot.lastLsn;

function describe(slot: Slot, segmentBytes: number): string {
  const records =
    slot.lastLsn >= slot.firstLsn && slot.lastLsn > 0
      ? lsnRange(slot.firstLsn, slot.lastLsn)
      : 'no records';
  return slot.state === 'spare'
    ? `Slot ${slot.slot}: ${STATE_WORDS.spare}`
    : `Slot ${slot.slot}: ${STATE_WORDS[slot.state]}, segment ${slot.segment}, generation ${slot.generation}, ${records}, ${size(slot.usedBytes)} of ${size(segmentBytes)}`;
}

export function journalStrip(watch: StoreWatch): HTMLElement {
  const strip = el('div', {
    class: 'strip',
    role: 'group',
    'aria-label': 'Slots of the journal file',
  });
  const caption = el('p', { class: 'strip-caption quiet' });
  const cores: HTMLButtonElement[] = [];

  const coreAt = (index: number): HTMLButtonElement => {
    const known = cores[index];
    if (known !== undefined) return known;
    const core = el(
      'button',
      {
        type: 'button',
        class: 'core',
        on: {
          click: () =>
            watch.zoom(core.dataset['state'] === 'tail' ? 'tail' : Number(core.dataset['slot'])),
        },
      },
      el('span', { class: 'core-fill' }),
      el('span', { class: 'core-flag core-flag-durable' }),
      el('span', { class: 'core-flag core-flag-covered' }),
    );
    cores[index] = core;
    return core;
  };

  const draw = (view: StoreView): void => {
    const { layout, status } = view;
    strip.classList.toggle('is-down', view.phase === 'down' || view.phase === 'failed');
    if (layout === undefined || status === undefined) {
      strip.replaceChildren();
      cores.length = 0;
      setText(caption, view.phase === 'failed' ? 'This store did not open.' : '');
      return;
    }
    const { slots, segmentSizeBytes } = layout;
    strip.dataset['crowd'] = slots.length > 66 ? 'many' : slots.length > 20 ? 'some' : 'few';
    slots.forEach((slot, index) => {
      const core = coreAt(index);
      const full = slot.state === 'spare' ? 0 : Math.min(1, slot.usedBytes / segmentSizeBytes);
      core.dataset['slot'] = String(slot.slot);
      core.dataset['state'] = slot.state;
      core.dataset['tone'] = String(slot.generation % GENERATION_TONES);
      core.classList.toggle('holds-durable', holds(slot, status.durableLsn));
      core.classList.toggle('holds-covered', holds(slot, status.coveredLsn));
      core.setAttribute('aria-pressed', String(slot.slot === view.slot));
      const words = describe(slot, segmentSizeBytes);
      core.setAttribute('aria-label', words);
      core.title = words;
      const fill = core.firstElementChild;
      if (fill instanceof HTMLElement)
        fill.style.height = full === 0 ? '0' : `max(3px, ${(full * 100).toFixed(2)}%)`;
      if (core.parentElement !== strip) strip.append(core);
    });
    for (const extra of cores.splice(slots.length)) extra.remove();
    const live = slots.filter((slot) => slot.state !== 'spare').length;
    setText(
      caption,
      `${size(layout.fileBytes)} in one file: two superblocks and ${plural(slots.length, 'slot')} of ${size(segmentSizeBytes)}, ${count(live)} in use, ${count(slots.length - live)} spare`,
    );
  };

  watch.viewed.on(draw);
  return el('div', { class: 'strip-box' }, strip, caption);
}

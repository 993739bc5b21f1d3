/** The live list of what the store told. */
import { el, replace } from '../ui/dom.ts';
import { clockToSecond, count } from '../ui/format.ts';
import type { StoreWatch, WatchedStore } from './store-watch.ts';

const SHOWN = 40;

export function eventList(watch: StoreWatch): HTMLElement {
  const list = el('ol', {
    class: 'events',
    role: 'log',
    'aria-label': 'Events of the store',
    tabindex: 0,
  });
  let heard: { readonly store: unknown; readonly stop: () => void } | undefined;
  let drawing = 0;

  const draw = (): void => {
    drawing = 0;
    const notes = watch.store?.notes.all ?? [];
    replace(
      list,
      ...notes
        .slice(-SHOWN)
        .reverse()
        .map((note) =>
          el(
            'li',
            { class: `event event-${note.tone}` },
            el('time', {}, clockToSecond(note.atMs)),
            el('span', {}, note.text),
            note.times > 1 && el('span', { class: 'times' }, `× ${count(note.times)}`),
          ),
        ),
    );
  };
  const drawSoon = (): void => {
    if (drawing === 0) drawing = requestAnimationFrame(draw);
  };
  const listen = (store: WatchedStore | undefined): void => {
    if (store === undefined || heard?.store === store) return;
    heard?.stop();
    heard = { store, stop: store.notes.changed.on(drawSoon) };
    drawSoon();
  };
  watch.viewed.on(() => listen(watch.store));
  return el('section', { class: 'card events-card' }, el('h3', {}, 'Events'), list);
}

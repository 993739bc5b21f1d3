/** Which store the inspector draws. A store that was never used is opened when it is chosen. */
import { el } from '../ui/dom.ts';
import { toastError } from '../ui/toast.ts';
import type { StoreWatch, WatchedStore } from './store-watch.ts';

/** A store that can be opened on demand. */
export interface ChoosableStore extends WatchedStore {
  open(): Promise<unknown>;
}

export function storeChooser(watch: StoreWatch, stores: readonly ChoosableStore[]): HTMLElement {
  const buttons = stores.map((store) =>
    el(
      'button',
      {
        type: 'button',
        class: 'segment',
        'data-store': store.name,
        on: {
          click: () => {
            watch.watch(store);
            store
              .open()
              .catch((error: unknown) => toastError(`${store.label} did not open`, error));
          },
        },
      },
      store.label,
    ),
  );
  const phase = el('span', { class: 'phase' });
  watch.viewed.on((view) => {
    buttons.forEach((button, index) =>
      button.setAttribute('aria-pressed', String(stores[index] === watch.store)),
    );
    phase.dataset['phase'] = view.phase;
    phase.textContent = {
      closed: 'closed',
      opening: 'opening',
      open: 'open',
      down: 'worker down',
      failed: 'not open',
    }[view.phase];
  });
  return el(
    'div',
    { class: 'chooser' },
    el('h2', {}, 'The store as it is'),
    el('div', { class: 'segments', role: 'group', 'aria-label': 'Store to look at' }, ...buttons),
    phase,
  );
}

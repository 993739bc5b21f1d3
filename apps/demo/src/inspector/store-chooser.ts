/** Which store the inspector draws. A store that was never used is opened when it is chosen. */
import { el } from '../ui/dom.ts';
import { toastError } from '../ui/toast.ts';
import type { StoreWatch, WatchedStore } from './store-watch.ts';

/** A store that can be opened on demand. */
export interface ChoosableStore extends WatchedStore {
  open(): Promise<unknown>;
}

/** Something that can be done to one of the stores from here. */
export interface StoreAction {
  readonly store: WatchedStore;
  readonly label: string;
  run(): Promise<void>;
}

export function storeChooser(
  watch: StoreWatch,
  stores: readonly ChoosableStore[],
  action: StoreAction,
): HTMLElement {
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
  const act = el(
    'button',
    {
      type: 'button',
      class: 'link checkpoint',
      on: {
        click: () => {
          action
            .run()
            .then(() => watch.look())
            .catch((error: unknown) => toastError(action.label, error));
        },
      },
    },
    action.label,
  );
  watch.viewed.on((view) => {
    act.hidden = watch.store !== action.store || view.phase !== 'open';
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
    act,
    phase,
  );
}

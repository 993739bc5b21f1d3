/** The inspector: the store as it is, from the outside in. */
import { el } from '../ui/dom.ts';
import { commitCharts } from './commit-charts.ts';
import { eventList } from './event-list.ts';
import { journalStrip } from './journal-strip.ts';
import { keyFigures } from './key-figures.ts';
import { recoveryCard } from './recovery-card.ts';
import { slotCore } from './slot-core.ts';
import { storageCard } from './storage-card.ts';
import { superblockCard } from './superblock-card.ts';
import type { StoreWatch } from './store-watch.ts';

/** What stays in sight whichever panel is chosen: figures and the strip of slots. */
export function storeHead(watch: StoreWatch): HTMLElement[] {
  return [keyFigures(watch), journalStrip(watch)];
}

export function inspector(watch: StoreWatch): HTMLElement[] {
  return [
    slotCore(watch),
    commitCharts(watch),
    el(
      'div',
      { class: 'cards' },
      superblockCard(watch),
      recoveryCard(watch),
      storageCard(watch),
      eventList(watch),
    ),
  ];
}

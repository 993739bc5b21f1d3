/** The crash lab: storm and kill, damage, and what moves whole stores. */
import { el } from '../ui/dom.ts';
import type { LiveStore } from '../live-store.ts';
import type { Logbook } from '../logbook/logbook.ts';
import { visibleEntries } from '../logbook/entries.ts';
import type { StoreWatch, WatchedStore } from '../inspector/store-watch.ts';
import { damagePanel, type DamageSource } from './damage-panel.ts';
import { payloadOf, labStore, StormType, type StormRecord } from './storm.ts';
import { stormPanel } from './storm-panel.ts';
import { transferPanel } from './transfer-panel.ts';

/** Fewer flushed records than this are first written, so that there is something to damage. */
const ENOUGH_RECORDS = 16;

export interface Lab {
  readonly store: LiveStore<StormRecord>;
  readonly elements: HTMLElement[];
  /** Judges what an earlier page left behind. */
  start(): Promise<void>;
}

/** An entry that is not the newest, with enough text to be found in the image. */
function logbookSource(logbook: Logbook): DamageSource {
  return {
    store: logbook.store,
    async choose() {
      const long = visibleEntries(logbook.state).filter(
        (entry) => entry.text.length >= 12 && !entry.edited,
      );
      const entry = long[Math.max(1, Math.floor(long.length / 2))];
      if (entry === undefined)
        throw new Error('Write two or three entries first, so that there is something to damage.');
      return { lsn: entry.lsn, needle: new TextEncoder().encode(entry.text) };
    },
  };
}

function labSource(store: LiveStore<StormRecord>): DamageSource {
  return {
    store,
    async choose() {
      const log = await store.open();
      if (log.status().lastLsn < ENOUGH_RECORDS) {
        for (let sequence = 1; sequence <= ENOUGH_RECORDS; sequence += 1) {
          await log.append(
            { run: 'specimen', appender: 0, sequence, payload: payloadOf(0, sequence) },
            { type: StormType },
          );
        }
      }
      const { firstLsn, lastLsn } = log.status();
      const after = firstLsn + Math.floor((lastLsn - firstLsn) / 2) - 1;
      for await (const { lsn, value } of log.read({ after, limit: 1, type: StormType })) {
        return { lsn, needle: value.payload };
      }
      throw new Error('The lab’s store holds no storm to damage.');
    },
  };
}

export function lab(logbook: Logbook, watch: StoreWatch, show: () => void): Lab {
  const store = labStore();
  const useLab = (): void => {
    show();
    watch.watch(store);
  };
  const watched = (): WatchedStore => (watch.store === store ? store : logbook.store);
  const storm = stormPanel(store, useLab);
  const eraseLab = (remove: () => Promise<void>): Promise<void> => {
    if (storm.isBlowing()) throw new Error('Let the storm end first.');
    return store.startOver(remove);
  };
  return {
    store,
    elements: [
      storm.element,
      el(
        'div',
        { class: 'cards' },
        damagePanel(() => (watched() === store ? labSource(store) : logbookSource(logbook))),
        transferPanel(logbook, watched, eraseLab).element,
      ),
    ],
    start: () => storm.judgePending(),
  };
}

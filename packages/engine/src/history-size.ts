/**
 * How many bytes of history a checkpoint would stand for, taken from what is on disk: a counter in
 * memory would start at zero with every open, and the log would grow without end.
 */
import type { StorePort } from '@varve/journal';

export class HistorySize {
  /** Where history after `lsn` begins inside its slot; found once per checkpoint. */
  #cut = { lsn: -1, slot: -1, offset: 0 };

  /** Bytes used by records after `lsn`, batch headers included. */
  bytesAfter(store: StorePort, lsn: number): number {
    let bytes = 0;
    for (const { slot, state, firstLsn, lastLsn, usedBytes } of store.layout().slots) {
      if ((state !== 'tail' && state !== 'sealed') || lastLsn <= lsn) continue;
      bytes += usedBytes - (firstLsn > lsn ? 0 : this.#offsetAfter(store, slot, lsn));
    }
    return bytes;
  }

  #offsetAfter(store: StorePort, slot: number, lsn: number): number {
    if (this.#cut.lsn !== lsn || this.#cut.slot !== slot) {
      const batches = store.batches(slot);
      const next = batches.find(
        (batch) => batch.kind === 'records' && batch.firstLsn + batch.count > lsn + 1,
      );
      this.#cut = { lsn, slot, offset: next?.offset ?? 0 };
    }
    return this.#cut.offset;
  }
}

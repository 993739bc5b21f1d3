/**
 * localForage over IndexedDB, called from the page.
 *
 * It has no transactions and no way to ask for strict durability: what it promises is the browser's
 * default (relaxed in Chromium), and a batch is one value.
 */
import localForage from 'localforage';
import { pack } from '../records.ts';
import type { Outcome, Place, Replayed, Session, Subject } from '../subject.ts';

class LocalForageSession implements Session {
  readonly #name: string;
  readonly #store: LocalForage;
  #count = 0;
  #recordBytes = 0;

  constructor(name: string, store: LocalForage) {
    this.#name = name;
    this.#store = store;
  }

  append(record: Uint8Array): Outcome {
    return this.#store.setItem(String(this.#count++), record);
  }

  appendBatch(records: readonly Uint8Array[]): Outcome {
    this.#recordBytes = records[0]!.length;
    return this.append(pack(records));
  }

  async replay(): Promise<Replayed> {
    let records = 0;
    let touched = 0;
    for (let at = 0; at < this.#count; at++) {
      const value = (await this.#store.getItem<Uint8Array>(String(at)))!;
      for (let from = 0; from < value.length; from += this.#recordBytes) {
        touched += value[from]!;
        records++;
      }
    }
    return { records, touched };
  }

  async flushes(): Promise<null> {
    return null;
  }

  async storedBytes(): Promise<null> {
    return null;
  }

  destroy(): Promise<void> {
    return localForage.dropInstance({ name: this.#name });
  }
}

export const localForageSubject: Subject = {
  id: 'localforage',
  title: 'localForage, a value a batch',
  kind: 'peer',
  caller: 'page',
  promise: 'written',
  reads: 'copy',
  values: 'raw',
  extra: true,
  skips: ['bulk-100b-16', 'bulk-100b-cold'],
  async open({ name }: Place) {
    await localForage.dropInstance({ name });
    const store = localForage.createInstance({ name, driver: localForage.INDEXEDDB });
    await store.ready();
    return new LocalForageSession(name, store);
  },
};

/**
 * Dexie, called from the page, asking the browser for strict durability.
 *
 * Keys count up by themselves and values are bare bytes: no index, no object around them.
 */
import Dexie, { type Table } from 'dexie';
import type { Outcome, Place, Replayed, Session, Subject } from '../subject.ts';

const READ_AT_ONCE = 20_000;

class DexieSession implements Session {
  readonly #database: Dexie;
  readonly #table: Table<Uint8Array, number>;

  constructor(database: Dexie) {
    this.#database = database;
    this.#table = database.table('log');
  }

  append(record: Uint8Array): Outcome {
    return this.#table.add(record);
  }

  appendBatch(records: readonly Uint8Array[]): Outcome {
    return this.#table.bulkAdd(records);
  }

  /** A transaction round the appends of that moment. */
  together(batches: readonly (readonly Uint8Array[])[]): Outcome {
    return this.#table.bulkAdd(batches.flat());
  }

  async get(at: number): Promise<number> {
    return (await this.#table.get(at + 1))![0]!;
  }

  async replay(): Promise<Replayed> {
    let records = 0;
    let touched = 0;
    for (let from = 1; ; from += READ_AT_ONCE) {
      const values = await this.#table
        .where(':id')
        .between(from, from + READ_AT_ONCE)
        .toArray();
      if (values.length === 0) return { records, touched };
      for (const value of values) touched += value[0]!;
      records += values.length;
    }
  }

  async flushes(): Promise<null> {
    return null;
  }

  async storedBytes(): Promise<null> {
    return null;
  }

  async destroy(): Promise<void> {
    await this.#database.delete();
  }
}

export const dexie: Subject = {
  id: 'dexie',
  title: 'Dexie strict, a value a record',
  kind: 'peer',
  caller: 'page',
  promise: 'flushed',
  reads: 'copy',
  values: 'raw',
  gets: true,
  extra: true,
  skips: ['bulk-100b-16', 'bulk-100b-cold'],
  async open({ name }: Place) {
    await Dexie.delete(name);
    const database = new Dexie(name, { chromeTransactionDurability: 'strict' });
    database.version(1).stores({ log: '++' });
    await database.open();
    return new DexieSession(database);
  },
};

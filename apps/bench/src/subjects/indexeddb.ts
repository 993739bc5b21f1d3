/**
 * IndexedDB through `idb`, called from the page.
 *
 * - one value a record, strict or relaxed: what most programs do
 * - packed: a whole batch in one value, and single appends that arrive while a transaction is under
 *   way go together into the next one: what a program does that was tuned
 */
import { deleteDB, openDB, type IDBPDatabase } from 'idb';
import { pack } from '../records.ts';
import type { Outcome, Place, Replayed, Session, Subject } from '../subject.ts';

const STORE = 'log';
const READ_AT_ONCE = 20_000;

abstract class DatabaseSession {
  protected readonly database: IDBPDatabase;
  protected readonly durability: 'strict' | 'relaxed';
  readonly #name: string;

  constructor(database: IDBPDatabase, name: string, durability: 'strict' | 'relaxed') {
    this.database = database;
    this.#name = name;
    this.durability = durability;
  }

  /** Adds values in one transaction; resolves when it is complete. */
  protected add(values: readonly unknown[]): Promise<void> {
    const transaction = this.database.transaction(STORE, 'readwrite', {
      durability: this.durability,
    });
    // The transaction's end tells of every failure; a promise for each request costs more.
    const store = transaction.objectStore(STORE);
    for (const value of values) void store.add(value);
    transaction.commit();
    return transaction.done;
  }

  /** All values in order, many at a time. */
  protected async *values(atOnce: number): AsyncGenerator<unknown> {
    let range: IDBKeyRange | null = null;
    for (;;) {
      const transaction = this.database.transaction(STORE, 'readonly');
      const [keys, values]: [IDBValidKey[], unknown[]] = await Promise.all([
        transaction.store.getAllKeys(range, atOnce),
        transaction.store.getAll(range, atOnce),
      ]);
      yield* values;
      if (values.length < atOnce) return;
      range = IDBKeyRange.lowerBound(keys.at(-1), true);
    }
  }

  async flushes(): Promise<null> {
    return null;
  }

  async storedBytes(): Promise<null> {
    return null;
  }

  async destroy(): Promise<void> {
    this.database.close();
    await deleteDB(this.#name);
  }
}

class RecordPerValue extends DatabaseSession implements Session {
  append(record: Uint8Array): Outcome {
    return this.add([record]);
  }

  appendBatch(records: readonly Uint8Array[]): Outcome {
    return this.add(records);
  }

  async get(at: number): Promise<number> {
    const value = (await this.database.get(STORE, at + 1)) as Uint8Array;
    return value[0]!;
  }

  async replay(): Promise<Replayed> {
    let records = 0;
    let touched = 0;
    for await (const value of this.values(READ_AT_ONCE)) {
      records++;
      touched += (value as Uint8Array)[0]!;
    }
    return { records, touched };
  }
}

interface Packed {
  readonly ends: Uint32Array;
  readonly bytes: Uint8Array;
}

class BatchPerValue extends DatabaseSession implements Session {
  #waiting: Uint8Array[] = [];
  #next: Promise<void> | undefined;
  #underWay: Promise<void> = Promise.resolve();

  append(record: Uint8Array): Outcome {
    this.#waiting.push(record);
    this.#next ??= this.#group();
    return this.#next;
  }

  async #group(): Promise<void> {
    await this.#underWay.catch(() => undefined);
    const records = this.#waiting;
    this.#waiting = [];
    this.#next = undefined;
    this.#underWay = this.appendBatch(records);
    return this.#underWay;
  }

  appendBatch(records: readonly Uint8Array[]): Promise<void> {
    const ends = new Uint32Array(records.length);
    let end = 0;
    for (let at = 0; at < records.length; at++) ends[at] = end += records[at]!.length;
    const value: Packed = { ends, bytes: pack(records) };
    return this.add([value]);
  }

  async replay(): Promise<Replayed> {
    let records = 0;
    let touched = 0;
    for await (const value of this.values(20)) {
      const { ends, bytes } = value as Packed;
      let start = 0;
      for (const end of ends) {
        const record = bytes.subarray(start, end);
        touched += record[0]!;
        records++;
        start = end;
      }
    }
    return { records, touched };
  }
}

async function openFresh(place: Place): Promise<IDBPDatabase> {
  await deleteDB(place.name);
  return openDB(place.name, 1, {
    upgrade: (database) => void database.createObjectStore(STORE, { autoIncrement: true }),
  });
}

const facts = { kind: 'peer', caller: 'page', values: 'raw' } as const;
/** A second of waiting a block, and nothing to learn: more transactions at once do not help. */
const skips = ['bulk-100b-16', 'bulk-100b-cold'];

export const indexedDbStrict: Subject = {
  ...facts,
  id: 'idb-strict',
  title: 'IndexedDB strict, a value a record',
  promise: 'flushed',
  reads: 'copy',
  gets: true,
  skips,
  open: async (place) => new RecordPerValue(await openFresh(place), place.name, 'strict'),
};

export const indexedDbRelaxed: Subject = {
  ...facts,
  id: 'idb-relaxed',
  title: 'IndexedDB relaxed, a value a record',
  promise: 'written',
  reads: 'copy',
  gets: true,
  skips,
  open: async (place) => new RecordPerValue(await openFresh(place), place.name, 'relaxed'),
};

export const indexedDbPacked: Subject = {
  ...facts,
  id: 'idb-packed',
  title: 'IndexedDB strict, a value a batch, callers grouped',
  promise: 'flushed',
  reads: 'view',
  open: async (place) => new BatchPerValue(await openFresh(place), place.name, 'strict'),
};

/**
 * The witness in IndexedDB.
 *
 * Always true: a write is a `strict` transaction of its own: it has reached the disk when it resolves.
 */
import type { DBSchema } from 'idb';
import type { Witness, WitnessEntry } from '../host.ts';
import { IdbConnection } from './idb-connection.ts';

const STORES = 'stores';

interface Schema extends DBSchema {
  [STORES]: { key: string; value: WitnessEntry };
}

export class IdbWitness implements Witness {
  readonly #database: IdbConnection<Schema>;

  constructor(databaseName: string) {
    this.#database = new IdbConnection(databaseName, (db) => void db.createObjectStore(STORES));
  }

  read(store: string): Promise<WitnessEntry | undefined> {
    return this.#database.use((db) => db.transaction(STORES).store.get(store));
  }

  write(store: string, entry: WitnessEntry): Promise<void> {
    return this.#database.use(async (db) => {
      const transaction = db.transaction(STORES, 'readwrite', { durability: 'strict' });
      await Promise.all([transaction.store.put({ ...entry }, store), transaction.done]);
    });
  }

  remove(store: string): Promise<void> {
    return this.#database.use(async (db) => {
      const transaction = db.transaction(STORES, 'readwrite', { durability: 'strict' });
      await Promise.all([transaction.store.delete(store), transaction.done]);
    });
  }

  async list(): Promise<string[]> {
    return (await this.#database.use((db) => db.transaction(STORES).store.getAllKeys())).sort();
  }
}

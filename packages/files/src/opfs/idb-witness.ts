/**
 * The witness in IndexedDB.
 *
 * Always true:
 * - a write is a `strict` transaction of its own: it has reached the disk when it resolves
 * - at most one connection is open, and it steps aside when another version or a deletion asks
 * - a connection that the browser ended is replaced once per call; nothing waits for ever
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { FileFault } from '../fault.ts';
import type { Witness, WitnessEntry } from '../host.ts';

const STORES = 'stores';
const VERSION = 1;
/** A browser that has not answered by then is taken for one that will not. */
const DEADLINE_MS = 10_000;

interface Schema extends DBSchema {
  [STORES]: { key: string; value: WitnessEntry };
}

type Connection = IDBPDatabase<Schema>;

export class IdbWitness implements Witness {
  readonly #databaseName: string;
  #connection: Promise<Connection> | undefined;

  constructor(databaseName: string) {
    this.#databaseName = databaseName;
  }

  read(store: string): Promise<WitnessEntry | undefined> {
    return this.#use((db) => db.get(STORES, store));
  }

  write(store: string, entry: WitnessEntry): Promise<void> {
    return this.#use(async (db) => {
      const transaction = db.transaction(STORES, 'readwrite', { durability: 'strict' });
      await Promise.all([transaction.store.put({ ...entry }, store), transaction.done]);
    });
  }

  remove(store: string): Promise<void> {
    return this.#use(async (db) => {
      const transaction = db.transaction(STORES, 'readwrite', { durability: 'strict' });
      await Promise.all([transaction.store.delete(store), transaction.done]);
    });
  }

  async list(): Promise<string[]> {
    return (await this.#use((db) => db.getAllKeys(STORES))).sort();
  }

  async #use<T>(work: (db: Connection) => Promise<T>): Promise<T> {
    return withDeadline(async () => {
      try {
        return await work(await this.#connect());
      } catch (error) {
        if (!isConnectionLoss(error)) throw error;
        this.#forget();
        return work(await this.#connect());
      }
    });
  }

  #connect(): Promise<Connection> {
    if (this.#connection !== undefined) return this.#connection;
    const connecting = openDB<Schema>(this.#databaseName, VERSION, {
      upgrade: (db) => void db.createObjectStore(STORES),
      blocking: () => this.#forget(),
      terminated: () => this.#forget(),
    });
    this.#connection = connecting;
    connecting.catch(() => {
      if (this.#connection === connecting) this.#connection = undefined;
    });
    return connecting;
  }

  #forget(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.then(
      (db) => db.close(),
      () => undefined,
    );
  }
}

/** A closing connection says `InvalidStateError`; one that the browser tore down, `AbortError`. */
function isConnectionLoss(error: unknown): boolean {
  return (
    error instanceof DOMException &&
    (error.name === 'InvalidStateError' || error.name === 'AbortError')
  );
}

function withDeadline<T>(work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new FileFault('io', 'IndexedDB did not answer in time'));
    const timer = setTimeout(late, DEADLINE_MS);
    work()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

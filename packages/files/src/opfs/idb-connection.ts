/**
 * One IndexedDB database, opened when it is first needed.
 *
 * Always true:
 * - at most one connection is open, and it steps aside when another version or a deletion asks
 * - a connection that the browser ended is replaced once per call; nothing waits for ever
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { FileFault } from '../fault.ts';

const VERSION = 1;
/** A browser that has not answered by then is taken for one that will not. */
const DEADLINE_MS = 10_000;

export class IdbConnection<Schema extends DBSchema> {
  readonly #name: string;
  readonly #create: (db: IDBPDatabase<Schema>) => void;
  #connection: Promise<IDBPDatabase<Schema>> | undefined;

  /** `create` makes the object stores of a new database. */
  constructor(name: string, create: (db: IDBPDatabase<Schema>) => void) {
    this.#name = name;
    this.#create = create;
  }

  async use<T>(work: (db: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
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

  #connect(): Promise<IDBPDatabase<Schema>> {
    if (this.#connection !== undefined) return this.#connection;
    const connecting = openDB<Schema>(this.#name, VERSION, {
      upgrade: (db) => this.#create(db),
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

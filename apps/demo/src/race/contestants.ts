/**
 * Who races: each makes 100 bytes durable, the way its users would.
 *
 * Always true: `put` resolves when the contestant says that the bytes were flushed to disk.
 */
import { openLog } from 'varve';
import { deleteStore } from 'varve/stores';

export interface Contestant {
  readonly name: string;
  readonly how: string;
  open(): Promise<void>;
  /** Makes `count` values of 100 bytes durable, all asked for at once. */
  put(count: number): Promise<void>;
  close(): Promise<void>;
}

const VALUE = new Uint8Array(100).fill(0x5a);

export function varveContestant(): Contestant {
  const STORE = 'race';
  let log: Awaited<ReturnType<typeof openLog<Uint8Array>>> | undefined;
  return {
    name: 'Varve',
    how: 'append, strict',
    async open() {
      await deleteStore(STORE).catch(() => undefined);
      log = await openLog<Uint8Array>(STORE);
    },
    async put(count) {
      const open = log;
      if (open === undefined) return;
      if (count === 1) await open.append(VALUE);
      else await Promise.all(Array.from({ length: count }, () => open.append(VALUE)));
    },
    async close() {
      await log?.close();
      log = undefined;
      await deleteStore(STORE);
    },
  };
}

const settled = (request: IDBOpenDBRequest): Promise<IDBDatabase> =>
  new Promise((resolve, reject) => {
    request.onupgradeneeded = () =>
      request.result.createObjectStore('values', { autoIncrement: true });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB did not open'));
  });

const complete = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () =>
      reject(transaction.error ?? new Error('IndexedDB failed'));
  });

/** `packed`: all values of one call in one transaction, which only a caller who has them together can do. */
export function indexedDbContestant(packed: boolean): Contestant {
  const DATABASE = packed ? 'varve-demo-race-packed' : 'varve-demo-race';
  let database: IDBDatabase | undefined;
  const write = (open: IDBDatabase, count: number): Promise<void> => {
    const transaction = open.transaction('values', 'readwrite', { durability: 'strict' });
    const values = transaction.objectStore('values');
    for (let each = 0; each < count; each += 1) values.add(VALUE);
    return complete(transaction);
  };
  return {
    name: packed ? 'IndexedDB, packed' : 'IndexedDB',
    how: packed ? 'all of them in one strict transaction' : 'a strict transaction each',
    async open() {
      indexedDB.deleteDatabase(DATABASE);
      database = await settled(indexedDB.open(DATABASE, 1));
    },
    async put(count) {
      const open = database;
      if (open === undefined) return;
      if (packed || count === 1) await write(open, count);
      else await Promise.all(Array.from({ length: count }, () => write(open, 1)));
    },
    async close() {
      database?.close();
      database = undefined;
      indexedDB.deleteDatabase(DATABASE);
    },
  };
}

/**
 * The inbox in IndexedDB: a database of its own, which service workers open, too.
 *
 * Always true:
 * - every change is one `strict` transaction: it has reached the disk when it resolves
 * - a store's head counts what is there, and its last key never goes back
 */
import type { DBSchema, IDBPDatabase, IDBPTransaction } from 'idb';
import { INBOX_BYTES_MAX, INBOX_ENTRIES_MAX } from '../host.ts';
import type { Inbox, InboxEntry, InboxItem, InboxStamp } from '../host.ts';
import { IdbConnection } from './idb-connection.ts';

const ENTRIES = 'entries';
const HEADS = 'heads';

type EntryKey = [store: string, key: number];

interface Head {
  readonly lastKey: number;
  readonly entries: number;
  readonly bytes: number;
}

interface Schema extends DBSchema {
  [ENTRIES]: { key: EntryKey; value: InboxEntry };
  [HEADS]: { key: string; value: Head };
}

type Change = IDBPTransaction<Schema, [typeof ENTRIES, typeof HEADS], 'readwrite'>;

const NOTHING: Head = { lastKey: 0, entries: 0, bytes: 0 };

export class IdbInbox implements Inbox {
  readonly #database: IdbConnection<Schema>;

  constructor(rootName: string) {
    this.#database = new IdbConnection(`${rootName}-inbox`, create);
  }

  put(store: string, given: InboxEntry): Promise<boolean> {
    // Now: the caller goes on with its buffer. And a view would take all of its buffer along.
    const entry = { ...given, frames: given.frames.slice() };
    return this.#change(async (transaction) => {
      const heads = transaction.objectStore(HEADS);
      const { lastKey, entries, bytes } = (await heads.get(store)) ?? NOTHING;
      const head = {
        lastKey: lastKey + 1,
        entries: entries + 1,
        bytes: bytes + entry.frames.length,
      };
      if (head.entries > INBOX_ENTRIES_MAX || head.bytes > INBOX_BYTES_MAX) return false;
      await Promise.all([
        heads.put(head, store),
        transaction.objectStore(ENTRIES).add(entry, [store, head.lastKey]),
      ]);
      return true;
    });
  }

  take(store: string, max: number): Promise<readonly InboxItem[]> {
    return this.#database.use(async (db) => {
      const entries = db.transaction(ENTRIES).store;
      const [keys, values] = await Promise.all([
        entries.getAllKeys(allOf(store), max),
        entries.getAll(allOf(store), max),
      ]);
      return keys.map(([, key], index) => ({ key, entry: values[index] }));
    });
  }

  sign(store: string, stamps: ReadonlyMap<number, InboxStamp>): Promise<void> {
    return this.#change(async (transaction) => {
      const entries = transaction.objectStore(ENTRIES);
      for (const [key, stamp] of stamps) {
        const entry = await entries.get([store, key]);
        if (entry !== undefined && entry.stamp === undefined)
          await entries.put({ ...entry, stamp }, [store, key]);
      }
    });
  }

  remove(store: string, keys: readonly number[]): Promise<void> {
    return this.#change((transaction) => removeAll(transaction, store, new Set(keys)));
  }

  clear(store: string): Promise<void> {
    return this.#change(async (transaction) => {
      const keys = await transaction.objectStore(ENTRIES).getAllKeys(allOf(store));
      await removeAll(transaction, store, new Set(keys.map(([, key]) => key)));
    });
  }

  #change<T>(work: (transaction: Change) => Promise<T>): Promise<T> {
    return this.#database.use(async (db) => {
      const transaction = db.transaction([ENTRIES, HEADS], 'readwrite', { durability: 'strict' });
      const [result] = await Promise.all([work(transaction), transaction.done]);
      return result;
    });
  }
}

function create(db: IDBPDatabase<Schema>): void {
  db.createObjectStore(ENTRIES);
  db.createObjectStore(HEADS);
}

const allOf = (store: string): IDBKeyRange => IDBKeyRange.bound([store], [store, []]);

/** Whatever an entry is by now: its head loses what it counted for it, and no more than it has. */
async function removeAll(
  transaction: Change,
  store: string,
  keys: ReadonlySet<number>,
): Promise<void> {
  const [all, heads] = [transaction.objectStore(ENTRIES), transaction.objectStore(HEADS)];
  const head = (await heads.get(store)) ?? NOTHING;
  let { entries, bytes } = head;
  for (const key of keys) {
    const entry = await all.get([store, key]);
    if (entry === undefined) continue;
    await all.delete([store, key]);
    entries--;
    bytes -= entry.frames instanceof Uint8Array ? entry.frames.length : 0;
  }
  if (entries <= 0) [entries, bytes] = [0, 0];
  await heads.put({ lastKey: head.lastKey, entries, bytes: Math.max(0, bytes) }, store);
}

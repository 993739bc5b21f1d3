/**
 * wa-sqlite in a worker, `synchronous=FULL`, synchronous build, over its two fastest durable systems:
 *
 * - `AccessHandlePoolVFS`, SQLite's own WAL in exclusive mode
 * - `OPFSWriteAheadVFS`, a write-ahead log of its own (Chromium only)
 */
import * as SQLite from '@journeyapps/wa-sqlite';
import { removeEntry } from '../platform/opfs.ts';
import type { Place, Replayed, Session, Subject } from '../subject.ts';
import { countedFlushes } from '../platform/counted-flushes.ts';

type Api = ReturnType<typeof SQLite.Factory>;
type System = 'AccessHandlePoolVFS' | 'OPFSWriteAheadVFS';

/** What its examples have in common. */
export interface FileSystem {
  create(name: string, module: unknown): Promise<SQLiteVFS & { close(): Promise<void> | void }>;
}

class WaSqliteSession implements Session {
  readonly #api: Api;
  readonly #database: number;
  readonly #statements = new Map<string, number>();
  readonly #remove: () => Promise<void>;

  constructor(api: Api, database: number, remove: () => Promise<void>) {
    this.#api = api;
    this.#database = database;
    this.#remove = remove;
  }

  async #statement(sql: string): Promise<number> {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    for await (const made of this.#api.statements(this.#database, sql, { unscoped: true })) {
      this.#statements.set(sql, made);
      return made;
    }
    throw new Error(`no statement: ${sql}`);
  }

  async #run(sql: string, values: readonly Uint8Array[]): Promise<void> {
    const statement = this.#statements.get(sql) ?? (await this.#statement(sql));
    for (let at = 0; at < values.length; at++) {
      this.#api.bind_blob(statement, at + 1, values[at]!);
    }
    await this.#api.step(statement);
    await this.#api.reset(statement);
  }

  append(record: Uint8Array): Promise<void> {
    return this.#run('INSERT INTO log(value) VALUES (?)', [record]);
  }

  appendBatch(records: readonly Uint8Array[]): Promise<void> {
    const places = records.map(() => '(?)').join(',');
    return this.#run(`INSERT INTO log(value) VALUES ${places}`, records);
  }

  async together(batches: readonly (readonly Uint8Array[])[]): Promise<void> {
    if (batches[0]!.length === 1) return this.appendBatch(batches.flat());
    await this.#api.exec(this.#database, 'BEGIN');
    for (const records of batches) await this.appendBatch(records);
    await this.#api.exec(this.#database, 'COMMIT');
  }

  async get(at: number): Promise<number> {
    const statement = await this.#statement('SELECT value FROM log WHERE id = ?');
    this.#api.bind_int(statement, 1, at + 1);
    await this.#api.step(statement);
    const [first] = this.#api.column_blob(statement, 0);
    await this.#api.reset(statement);
    return first!;
  }

  async replay(): Promise<Replayed> {
    const statement = await this.#statement('SELECT value FROM log ORDER BY id');
    let records = 0;
    let touched = 0;
    while ((await this.#api.step(statement)) === SQLite.SQLITE_ROW) {
      touched += this.#api.column_blob(statement, 0)[0]!;
      records++;
    }
    await this.#api.reset(statement);
    return { records, touched };
  }

  async flushes(): Promise<number> {
    return countedFlushes();
  }

  async storedBytes(): Promise<null> {
    return null;
  }

  async destroy(): Promise<void> {
    for (const statement of this.#statements.values()) await this.#api.finalize(statement);
    await this.#api.close(this.#database);
    await this.#remove();
  }
}

async function open({ name }: Place, system: System): Promise<Session> {
  // Only here: the page's bundle has no need of it.
  const { default: load } = await import('@journeyapps/wa-sqlite/dist/wa-sqlite.mjs');
  const module = await load();
  const api = SQLite.Factory(module);
  await removeEntry(name);
  const made =
    system === 'AccessHandlePoolVFS'
      ? (await import('@journeyapps/wa-sqlite/src/examples/AccessHandlePoolVFS.js'))
          .AccessHandlePoolVFS
      : (await import('@journeyapps/wa-sqlite/src/examples/OPFSWriteAheadVFS.js'))
          .OPFSWriteAheadVFS;
  const files = await made.create(name, module);
  api.vfs_register(files, true);
  const database = await api.open_v2(`${name}.db`);
  await api.exec(database, 'PRAGMA locking_mode=EXCLUSIVE');
  if (system === 'AccessHandlePoolVFS') await api.exec(database, 'PRAGMA journal_mode=WAL');
  await api.exec(database, 'PRAGMA synchronous=FULL');
  await api.exec(database, 'CREATE TABLE log(id INTEGER PRIMARY KEY, value BLOB NOT NULL)');
  return new WaSqliteSession(api, database, async () => {
    await files.close();
    await removeEntry(name);
  });
}

const subject = (id: string, title: string, system: System): Subject => ({
  id,
  title,
  kind: 'peer',
  caller: 'worker',
  promise: 'flushed',
  reads: 'view',
  values: 'raw',
  gets: true,
  extra: true,
  skips: ['free-64', 'free-8', 'bulk-100b-cold'],
  open: (place) => open(place, system),
});

export const waSqlitePool = subject(
  'wa-sqlite-pool',
  'wa-sqlite AccessHandlePool, WAL full, multi-row',
  'AccessHandlePoolVFS',
);

export const waSqliteWriteAhead = subject(
  'wa-sqlite-ahead',
  'wa-sqlite OPFSWriteAhead, full, multi-row',
  'OPFSWriteAheadVFS',
);

/**
 * What people use in Node: SQLite, LevelDB, LMDB, each flushing every commit.
 *
 * Native modules: none is needed for anything else here. One that is not there, or does not load, is
 * a subject that says so; `better-sqlite3` is asked for only if somebody put it there, since its
 * binary comes from elsewhere than the registry.
 */
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Place, Replayed, Session, Subject } from '../subject.ts';

/** What stands where a native module is missing. */
export interface Missing {
  readonly id: string;
  readonly install: string;
}

/** By a name that no tool takes for a dependency. */
const BETTER_SQLITE = 'better-sqlite3';

const require = createRequire(import.meta.url);

function isThere(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** As far as it is used here. */
interface BetterSqlite {
  pragma(text: string): unknown;
  prepare(sql: string): BetterStatement;
  transaction(run: () => void): () => void;
  close(): void;
}

interface BetterStatement {
  run(...values: Uint8Array[]): unknown;
  get(id: number): { value: Uint8Array };
  iterate(): Iterable<{ value: Uint8Array }>;
}

class BetterSqliteSession implements Session {
  readonly #database: BetterSqlite;
  readonly #path: string;
  readonly #inserts = new Map<number, BetterStatement>();
  readonly #one: BetterStatement;

  constructor(database: BetterSqlite, path: string) {
    this.#database = database;
    this.#path = path;
    this.#one = database.prepare('SELECT value FROM log WHERE id = ?');
  }

  #insert(rows: number): BetterStatement {
    let statement = this.#inserts.get(rows);
    if (statement === undefined) {
      const places = Array.from({ length: rows }, () => '(?)').join(',');
      statement = this.#database.prepare(`INSERT INTO log(value) VALUES ${places}`);
      this.#inserts.set(rows, statement);
    }
    return statement;
  }

  append(record: Uint8Array): void {
    this.#insert(1).run(record);
  }

  appendBatch(records: readonly Uint8Array[]): void {
    this.#insert(records.length).run(...records);
  }

  together(batches: readonly (readonly Uint8Array[])[]): void {
    if (batches[0]!.length === 1) return this.appendBatch(batches.flat());
    this.#database.transaction(() => {
      for (const records of batches) this.appendBatch(records);
    })();
  }

  get(at: number): number {
    return this.#one.get(at + 1).value[0]!;
  }

  async replay(): Promise<Replayed> {
    let records = 0;
    let touched = 0;
    for (const { value } of this.#database.prepare('SELECT value FROM log ORDER BY id').iterate()) {
      records++;
      touched += value[0]!;
    }
    return { records, touched };
  }

  async flushes(): Promise<null> {
    return null;
  }

  async storedBytes(): Promise<null> {
    return null;
  }

  async destroy(): Promise<void> {
    this.#database.close();
    for (const end of ['', '-wal', '-shm']) rmSync(`${this.#path}${end}`, { force: true });
  }
}

async function openBetterSqlite({ folder, name }: Place): Promise<Session> {
  const path = join(folder!, `${name}.db`);
  const Database = require(BETTER_SQLITE) as new (path: string) => BetterSqlite;
  const database = new Database(path);
  database.pragma('locking_mode = EXCLUSIVE');
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.prepare('CREATE TABLE log(id INTEGER PRIMARY KEY, value BLOB NOT NULL)').run();
  return new BetterSqliteSession(database, path);
}

/** Keys that sort as the numbers they are. */
const keyOf = (at: number): string => String(at).padStart(12, '0');

async function openLevel({ folder, name }: Place): Promise<Session> {
  const { ClassicLevel } = await import('classic-level');
  const path = join(folder!, name);
  const database = new ClassicLevel<string, Uint8Array>(path, { valueEncoding: 'view' });
  await database.open();
  let count = 0;
  const sync = { sync: true } as const;
  const appendBatch = (records: readonly Uint8Array[]): Promise<void> =>
    database.batch(
      records.map((value) => ({ type: 'put' as const, key: keyOf(count++), value })),
      sync,
    );
  return {
    append: (record) => database.put(keyOf(count++), record, sync),
    appendBatch,
    together: (batches) => appendBatch(batches.flat()),
    get: async (at) => (await database.get(keyOf(at)))![0]!,
    async replay() {
      let records = 0;
      let touched = 0;
      const iterator = database.values();
      for (;;) {
        const values = await iterator.nextv(1000);
        if (values.length === 0) break;
        for (const value of values) touched += value[0]!;
        records += values.length;
      }
      await iterator.close();
      return { records, touched };
    },
    flushes: async () => null,
    storedBytes: async () => null,
    async destroy() {
      await database.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

async function openLmdb({ folder, name }: Place): Promise<Session> {
  const { open } = await import('lmdb');
  const path = join(folder!, name);
  // Its promises tell of the commit; `flushed`, with overlapping syncs off, of the disk as well.
  const database = open<Uint8Array, number>({ path, encoding: 'binary', overlappingSync: false });
  let count = 0;
  const appendBatch = async (records: readonly Uint8Array[]): Promise<void> => {
    await database.transaction(() => {
      for (const record of records) void database.put(count++, record as Buffer);
    });
  };
  return {
    append: (record) => database.put(count++, record as Buffer),
    appendBatch,
    together: (batches) => appendBatch(batches.flat()),
    get: (at) => database.get(at)![0]!,
    async replay() {
      let records = 0;
      let touched = 0;
      for (const { value } of database.getRange()) {
        records++;
        touched += value[0]!;
      }
      return { records, touched };
    },
    flushes: async () => null,
    storedBytes: async () => null,
    async destroy() {
      await database.close();
      for (const file of [path, `${path}-lock`]) rmSync(file, { recursive: true, force: true });
    },
  };
}

const facts = {
  kind: 'peer',
  caller: 'node',
  promise: 'flushed',
  reads: 'copy',
  values: 'raw',
  gets: true,
  extra: true,
  skips: ['free-64', 'free-8', 'bulk-100b-cold'],
} as const;

const every: readonly (Subject & { readonly module: string; readonly install: string })[] = [
  {
    ...facts,
    id: 'better-sqlite3',
    module: BETTER_SQLITE,
    install: 'npm install --no-save better-sqlite3@12.9.0 && npm rebuild better-sqlite3',
    title: 'better-sqlite3, WAL full, multi-row',
    open: openBetterSqlite,
  },
  {
    ...facts,
    id: 'classic-level',
    module: 'classic-level',
    install: 'npm install',
    title: 'classic-level, sync',
    open: openLevel,
  },
  {
    ...facts,
    id: 'lmdb',
    module: 'lmdb',
    install: 'npm install',
    title: 'lmdb',
    open: openLmdb,
  },
];

export const nodePeers: readonly Subject[] = every.filter(({ module }) => isThere(module));

export const missingPeers: readonly Missing[] = every.filter(({ module }) => !isThere(module));

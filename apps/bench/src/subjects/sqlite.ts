/**
 * SQLite compiled to WebAssembly over `opfs-sahpool`, in a worker, one connection in exclusive mode.
 *
 * - WAL with `synchronous=FULL` flushes each commit; with `NORMAL` only checkpoints
 * - a batch is one statement of many rows (the fastest way to insert them), or one packed value
 */
import type { Database, PreparedStatement, SAHPoolUtil } from '@sqlite.org/sqlite-wasm';
import { pack } from '../records.ts';
import type { Place, Replayed, Session, Subject } from '../subject.ts';
import { countedFlushes } from '../platform/counted-flushes.ts';

interface Shape {
  readonly journal: 'WAL' | 'DELETE';
  readonly synchronous: 'FULL' | 'NORMAL';
  readonly batch: 'rows' | 'packed';
}

class SqliteSession implements Session {
  readonly #database: Database;
  readonly #pool: SAHPoolUtil;
  readonly #shape: Shape;
  readonly #inserts = new Map<number, PreparedStatement>();
  #select: PreparedStatement | undefined;
  #recordBytes = 0;

  constructor(database: Database, pool: SAHPoolUtil, shape: Shape) {
    this.#database = database;
    this.#pool = pool;
    this.#shape = shape;
  }

  #insert(rows: number): PreparedStatement {
    let statement = this.#inserts.get(rows);
    if (statement === undefined) {
      const places = Array.from({ length: rows }, () => '(?)').join(',');
      statement = this.#database.prepare(`INSERT INTO log(value) VALUES ${places}`);
      this.#inserts.set(rows, statement);
    }
    return statement;
  }

  append(record: Uint8Array): void {
    this.#insert(1).bind(1, record).stepReset();
  }

  appendBatch(records: readonly Uint8Array[]): void {
    this.#recordBytes = records[0]!.length;
    if (this.#shape.batch === 'packed') {
      this.append(pack(records));
      return;
    }
    const insert = this.#insert(records.length);
    for (let at = 0; at < records.length; at++) insert.bind(at + 1, records[at]!);
    insert.stepReset();
  }

  together(batches: readonly (readonly Uint8Array[])[]): void {
    if (batches[0]!.length === 1 && this.#shape.batch === 'rows') {
      this.appendBatch(batches.map(([record]) => record!));
      return;
    }
    this.#database.exec('BEGIN');
    for (const records of batches) this.appendBatch(records);
    this.#database.exec('COMMIT');
  }

  async replay(): Promise<Replayed> {
    let records = 0;
    let touched = 0;
    const packed = this.#shape.batch === 'packed';
    const select = this.#database.prepare('SELECT value FROM log ORDER BY id');
    while (select.step()) {
      const value = select.getBlob(0)!;
      if (packed) {
        for (let at = 0; at < value.length; at += this.#recordBytes) {
          touched += value[at]!;
          records++;
        }
      } else {
        touched += value[0]!;
        records++;
      }
    }
    select.finalize();
    return { records, touched };
  }

  get(at: number): number {
    this.#select ??= this.#database.prepare('SELECT value FROM log WHERE id = ?');
    this.#select.bind(1, at + 1);
    this.#select.step();
    const first = this.#select.getBlob(0)![0]!;
    this.#select.reset();
    return first;
  }

  async flushes(): Promise<number> {
    return countedFlushes();
  }

  async storedBytes(): Promise<number> {
    return Number(
      this.#database.selectValue(
        'SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()',
      ),
    );
  }

  async destroy(): Promise<void> {
    for (const statement of this.#inserts.values()) statement.finalize();
    this.#select?.finalize();
    this.#database.close();
    await this.#pool.removeVfs();
  }
}

async function open(place: Place, shape: Shape): Promise<Session> {
  // Only here: the page's bundle has no need of it.
  const { default: initialise } = await import('@sqlite.org/sqlite-wasm');
  const sqlite = await initialise();
  const pool = await sqlite.installOpfsSAHPoolVfs({
    name: place.name,
    directory: `/${place.name}`,
    clearOnInit: true,
    initialCapacity: 6,
  });
  const database = new pool.OpfsSAHPoolDb('/bench.db');
  // Exclusive before WAL: the pool has no shared memory.
  database.exec('PRAGMA locking_mode=EXCLUSIVE');
  const journal = database.selectValue(`PRAGMA journal_mode=${shape.journal}`);
  if (journal !== shape.journal.toLowerCase()) {
    throw new Error(`SQLite refused journal_mode=${shape.journal}`);
  }
  database.exec(`PRAGMA synchronous=${shape.synchronous}`);
  database.exec('CREATE TABLE log(id INTEGER PRIMARY KEY, value BLOB NOT NULL)');
  return new SqliteSession(database, pool, shape);
}

const subject = (id: string, title: string, shape: Shape): Subject => ({
  id,
  title,
  kind: 'peer',
  caller: 'worker',
  promise: shape.synchronous === 'FULL' ? 'flushed' : 'written',
  reads: 'copy',
  values: 'raw',
  gets: shape.batch === 'rows',
  skips: ['free-64', 'free-8', 'bulk-100b-cold'],
  open: (place) => open(place, shape),
});

export const sqliteWal = subject('sqlite-wal', 'SQLite opfs-sahpool, WAL full, multi-row', {
  journal: 'WAL',
  synchronous: 'FULL',
  batch: 'rows',
});

export const sqlitePacked: Subject = {
  ...subject('sqlite-packed', 'SQLite opfs-sahpool, WAL full, a value a batch', {
    journal: 'WAL',
    synchronous: 'FULL',
    batch: 'packed',
  }),
  only: ['bulk-100b', 'bulk-100b-8', 'replay-100b'],
};

export const sqliteWalNormal: Subject = {
  ...subject('sqlite-wal-normal', 'SQLite opfs-sahpool, WAL normal', {
    journal: 'WAL',
    synchronous: 'NORMAL',
    batch: 'rows',
  }),
  extra: true,
};

export const sqliteDelete: Subject = {
  ...subject('sqlite-delete', 'SQLite opfs-sahpool, rollback journal', {
    journal: 'DELETE',
    synchronous: 'FULL',
    batch: 'rows',
  }),
  extra: true,
};

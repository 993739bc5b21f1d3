/**
 * PGlite (Postgres as WebAssembly) over OPFS, in a worker: a prepared insert a record, an `unnest` of
 * an array a batch. Its flushes are counted like everybody's.
 */
import type * as Pglite from '@electric-sql/pglite';
import type * as OpfsAhp from '@electric-sql/pglite/opfs-ahp';
import { removeEntry } from '../platform/opfs.ts';
import type { Outcome, Place, Replayed, Session, Subject } from '../subject.ts';
import { countedFlushes } from '../platform/counted-flushes.ts';

class PgliteSession implements Session {
  readonly #database: Pglite.PGlite;
  readonly #name: string;

  constructor(database: Pglite.PGlite, name: string) {
    this.#database = database;
    this.#name = name;
  }

  append(record: Uint8Array): Outcome {
    return this.#database.query('INSERT INTO log(value) VALUES ($1)', [record]);
  }

  appendBatch(records: readonly Uint8Array[]): Outcome {
    return this.#database.query('INSERT INTO log(value) SELECT unnest($1::bytea[])', [records]);
  }

  together(batches: readonly (readonly Uint8Array[])[]): Outcome {
    return this.appendBatch(batches.flat());
  }

  async get(at: number): Promise<number> {
    const { rows } = await this.#database.query<{ value: Uint8Array }>(
      'SELECT value FROM log WHERE id = $1',
      [at + 1],
    );
    return rows[0]!.value[0]!;
  }

  async replay(): Promise<Replayed> {
    const { rows } = await this.#database.query<{ value: Uint8Array }>(
      'SELECT value FROM log ORDER BY id',
    );
    let touched = 0;
    for (const { value } of rows) touched += value[0]!;
    return { records: rows.length, touched };
  }

  async flushes(): Promise<number> {
    return countedFlushes();
  }

  async storedBytes(): Promise<null> {
    return null;
  }

  async destroy(): Promise<void> {
    await this.#database.close();
    await removeEntry(this.#name);
  }
}

/** The server has the package beside the page, as it was shipped. */
function served(file: string): Promise<unknown> {
  const url = new URL(`/pglite/${file}`, location.origin).href;
  return import(/* @vite-ignore */ url);
}

export const pglite: Subject = {
  id: 'pglite',
  title: 'PGlite over OPFS, multi-row',
  kind: 'peer',
  caller: 'worker',
  promise: 'flushed',
  reads: 'copy',
  values: 'raw',
  gets: true,
  extra: true,
  skips: ['free-64', 'free-8', 'bulk-100b-cold', 'append-64k', 'bulk-64k', 'replay-4k'],
  async open({ name }: Place) {
    await removeEntry(name);
    const { PGlite } = (await served('index.js')) as typeof Pglite;
    const { OpfsAhpFS } = (await served('fs/opfs-ahp.js')) as typeof OpfsAhp;
    const database = await PGlite.create({ fs: new OpfsAhpFS(name), relaxedDurability: false });
    await database.exec('CREATE TABLE log(id BIGSERIAL PRIMARY KEY, value BYTEA NOT NULL)');
    return new PgliteSession(database, name);
  },
};

/**
 * The open sources and sinks of one client, by number.
 *
 * Always true: each is removed when it ends, fails or is dropped; dropping a sink leaves nothing
 * visible of it.
 */
import type { StorePort, UnitWriter } from '@varve/journal';
import { VarveError } from '@varve/protocol';
import type { SourcePiece } from '@varve/protocol';
import { recordsOf } from './records.ts';

export type UnitRecord = Parameters<UnitWriter['commit']>[0];

interface Stream {
  pull?(): Promise<SourcePiece>;
  write?(bytes: Uint8Array): Promise<void>;
  commit?(record: UnitRecord): Promise<number>;
  finish?(): Promise<void>;
  drop(): void;
}

const STREAMS_MAX = 64;

export class Streams {
  readonly #streams = new Map<number, Stream>();
  #lastId = 0;

  openExport(store: StorePort): number {
    return this.#source(store.exportImage(), (bytes) => ({ done: false, bytes: owned(bytes) }));
  }

  openSalvage(store: StorePort): number {
    return this.#source(store.salvage(), (piece) =>
      'proof' in piece
        ? { done: false, missing: piece }
        : { done: false, records: recordsOf(piece) },
    );
  }

  async openUnit(store: StorePort): Promise<number> {
    const unit: UnitWriter = await store.openUnit();
    return this.#add({
      write: (bytes) => unit.write(bytes),
      commit: (record) => unit.commit(record),
      drop: () => unit.abort(),
    });
  }

  /** Starts `consume` over what `write` will bring; `finish` resolves when it has taken everything. */
  openImport(consume: (chunks: AsyncIterable<Uint8Array>) => Promise<void>): number {
    const transform = new TransformStream<Uint8Array, Uint8Array>();
    const writer = transform.writable.getWriter();
    const done = consume(chunksOf(transform.readable));
    // A consumer that fails must fail the writes too, and a failure nobody waits for is no crash.
    done.catch((error: unknown) => writer.abort(error).catch(() => undefined));
    writer.closed.catch(() => undefined);
    return this.#add({
      // Whichever fails first has the reason: the consumer knows why, the writer only that.
      write: (bytes) => Promise.race([writer.ready.then(() => writer.write(bytes)), fails(done)]),
      finish: async () => {
        await Promise.race([writer.close(), fails(done)]);
        await done;
      },
      drop: () =>
        void writer
          .abort(new VarveError('ABORTED', 'the import was given up'))
          .catch(() => undefined),
    });
  }

  pull = (id: number): Promise<SourcePiece> => this.#use(id, 'pull', (stream) => stream.pull?.());
  write = (id: number, bytes: Uint8Array): Promise<void> =>
    this.#use(id, 'write', (stream) => stream.write?.(bytes));

  /** The record has its LSN, if it gets one, when this returns: others wait for their turn behind it. */
  commit(id: number, record: UnitRecord): Promise<number> {
    return this.#last(id, 'commit', (stream) => stream.commit?.(record));
  }

  finish(id: number): Promise<void> {
    return this.#last(id, 'finish', (stream) => stream.finish?.());
  }

  drop(id: number): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    stream?.drop();
  }

  dropAll(): void {
    for (const id of [...this.#streams.keys()]) this.drop(id);
  }

  #add(stream: Stream): number {
    if (this.#streams.size >= STREAMS_MAX) {
      stream.drop();
      throw new VarveError('UNIT_LIMIT', undefined, { facts: { limit: STREAMS_MAX } });
    }
    this.#lastId++;
    this.#streams.set(this.#lastId, stream);
    return this.#lastId;
  }

  #source<T>(pieces: Iterable<T> | AsyncIterable<T>, toPiece: (piece: T) => SourcePiece): number {
    const iterator =
      Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
    const id = this.#add({
      pull: async () => {
        const { done, value } = await iterator.next();
        if (done !== true) return toPiece(value);
        this.#streams.delete(id);
        return { done: true };
      },
      drop: () => void iterator.return?.(),
    });
    return id;
  }

  async #use<T>(
    id: number,
    what: string,
    call: (stream: Stream) => Promise<T> | undefined,
  ): Promise<T> {
    const stream = this.#streams.get(id);
    const result = stream && call(stream);
    if (result === undefined) {
      throw new VarveError('BAD_MESSAGE', `no open stream for ${what}`, { outcome: 'not-written' });
    }
    try {
      return await result;
    } catch (error) {
      this.drop(id);
      throw error;
    }
  }

  async #last<T>(
    id: number,
    what: string,
    call: (stream: Stream) => Promise<T> | undefined,
  ): Promise<T> {
    const result = await this.#use(id, what, call);
    this.#streams.delete(id);
    return result;
  }
}

/** A buffer of its own, so that it can be transferred. */
function owned(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

function fails(promise: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    promise.catch(reject);
  });
}

async function* chunksOf(readable: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

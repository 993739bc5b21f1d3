/**
 * Who reads, and what history is held back for them.
 *
 * Always true: a reader holds history from its first read until it is released or its client goes;
 * one reader has at most one read under way.
 */
import type { Chunk, ReaderHold, StorePort } from '@varve/journal';
import { VarveError, isVarveError } from '@varve/protocol';
import type { ReadMessage, Visibility } from '@varve/protocol';

interface Reader {
  readonly store: StorePort;
  readonly hold: ReaderHold;
  readonly abort: AbortController;
  /** Something was served: history that is gone now went away under the reader. */
  started: boolean;
}

/** A page has a few readers; thousands are a leak. */
const READERS_MAX = 1000;

export class Readers {
  readonly #readers = new Map<number, Reader>();

  async read(store: StorePort, message: ReadMessage, byDefault: Visibility): Promise<Chunk> {
    const reader = this.#reader(store, message);
    const { after, before, reverse, maxBytes, wait, visibility = byDefault } = message;
    try {
      if (reverse !== true) reader.hold.advance(after);
      if (wait === true) {
        // Beyond what was trimmed, too: there will never be anything to read there.
        const from = Math.max(after, store.status().firstLsn - 1);
        await store.waitBeyond(from, visibility, reader.abort.signal);
      }
      const chunk = store.readChunk({
        after,
        maxBytes,
        visibility,
        ...(before !== undefined && { before }),
        ...(reverse !== undefined && { reverse }),
      });
      reader.started = true;
      return chunk;
    } catch (error) {
      if (reader.started && isVarveError(error, 'TRIMMED')) {
        throw new VarveError('READER_LAGGED', undefined, { facts: error.facts, cause: error });
      }
      throw error;
    }
  }

  release(id: number): void {
    const reader = this.#readers.get(id);
    if (reader === undefined) return;
    this.#readers.delete(id);
    reader.hold.release();
    reader.abort.abort(new VarveError('ABORTED', 'the reader was released'));
  }

  releaseAll(): void {
    for (const id of [...this.#readers.keys()]) this.release(id);
  }

  #reader(store: StorePort, { reader: id, after }: ReadMessage): Reader {
    const known = this.#readers.get(id);
    // A store that was parked and came back is another object: the old hold went with the old one.
    if (known?.store === store) return known;
    if (this.#readers.size >= READERS_MAX) throw new VarveError('OVERLOADED', 'too many readers');
    const reader: Reader = {
      store,
      hold: store.holdHistory(after),
      abort: known?.abort ?? new AbortController(),
      started: known?.started ?? false,
    };
    this.#readers.set(id, reader);
    return reader;
  }
}

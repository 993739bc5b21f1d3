/**
 * A worker's subject behind a bare `postMessage`, called from the page: what any program pays that
 * keeps its file in a worker, and no more.
 *
 * Always true:
 * - an append is one message there (the record) and one back (a number); no ids: answers come in order
 * - large records and batches go over packed in one transferred buffer, unpacked as views there
 */
import { pack } from '../records.ts';
import type { Place, Replayed, Session, Subject } from '../subject.ts';
import { asker } from '../platform/rpc.ts';

/** Records of one length, back to back. */
export interface PackedBatches {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly recordBytes: number;
  readonly batchRecords: number;
}

/** From here on copying into a buffer and giving it away is faster than having it cloned. */
const TRANSFER_FROM_BYTES = 8192;

class BehindMessage implements Session {
  readonly #worker: Worker;
  readonly #ask: ReturnType<typeof asker>;
  readonly #waiting: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(worker: Worker, ask: ReturnType<typeof asker>) {
    this.#worker = worker;
    this.#ask = ask;
    worker.addEventListener('message', ({ data }) => {
      if (data === 0) this.#waiting.shift()!.resolve();
    });
    worker.addEventListener('error', ({ message }) => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error(`worker: ${message}`));
    });
  }

  append(record: Uint8Array): Promise<void> {
    if (record.length >= TRANSFER_FROM_BYTES) return this.together([[record]]);
    this.#worker.postMessage(record);
    return this.#answered();
  }

  appendBatch(records: readonly Uint8Array[]): Promise<void> {
    return this.together([records]);
  }

  together(batches: readonly (readonly Uint8Array[])[]): Promise<void> {
    const message: PackedBatches = {
      bytes: pack(batches.flat()),
      recordBytes: batches[0]![0]!.length,
      batchRecords: batches[0]!.length,
    };
    this.#worker.postMessage(message, [message.bytes.buffer]);
    return this.#answered();
  }

  #answered(): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async replay(): Promise<Replayed> {
    throw new Error('a replay from the page is not part of this subject');
  }

  flushes(): Promise<number | null> {
    return this.#ask('flushes');
  }

  storedBytes(): Promise<number | null> {
    return this.#ask('storedBytes');
  }

  async destroy(): Promise<void> {
    await this.#ask('destroy');
    this.#worker.terminate();
  }
}

/** `served` as the page meets it. */
export function behindMessage(id: string, title: string, served: Subject): Subject {
  return {
    id,
    title,
    kind: served.kind,
    caller: 'page',
    promise: served.promise,
    reads: served.reads,
    values: served.values,
    skips: [...(served.skips ?? []), 'replay-100b', 'replay-4k', 'get-100b'],
    async open(place: Place) {
      const worker = new Worker(new URL('../lanes/serving-worker.ts', import.meta.url), {
        type: 'module',
      });
      const ask = asker(worker);
      await ask('open', { subject: served.id, place });
      return new BehindMessage(worker, ask);
    },
  };
}

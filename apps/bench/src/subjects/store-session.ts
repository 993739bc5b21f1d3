/**
 * An open store of the journal as a session, for callers in the same thread: no message, no codec.
 *
 * Always true: encoding the records' frames is part of what is measured.
 */
import type { Host } from '@varve/files';
import { deleteStore, openStore, type Chunk, type StorePort } from '@varve/journal';
import {
  APPLICATION_TYPE_MIN,
  newRecordFrame,
  readRecordFrame,
  recordFrameBytes,
  writeRecordFrame,
} from '@varve/protocol';
import type { Outcome, Place, Replayed, Session } from '../subject.ts';

const CHUNK_BYTES = 1 << 20;

export function openSession(
  host: Host,
  { name, segmentSizeBytes, keepBytes }: Place,
): Promise<Session> {
  const keep = keepBytes === undefined ? 'all' : { bytes: keepBytes };
  return StoreSession.open(
    () => openStore(host, name, { segmentSizeBytes, keep }),
    () => deleteStore(host, name),
  );
}

export class StoreSession implements Session {
  readonly #open: () => Promise<StorePort>;
  readonly #remove: () => Promise<void>;
  #store: StorePort;
  #frames = new Uint8Array(256 << 10);
  readonly #frame = newRecordFrame();
  #flushesBefore = 0;

  private constructor(
    store: StorePort,
    open: () => Promise<StorePort>,
    remove: () => Promise<void>,
  ) {
    this.#store = store;
    this.#open = open;
    this.#remove = remove;
  }

  static async open(
    open: () => Promise<StorePort>,
    remove: () => Promise<void>,
  ): Promise<StoreSession> {
    return new StoreSession(await open(), open, remove);
  }

  async reopen(): Promise<void> {
    this.#flushesBefore = await this.flushes();
    this.#store.abandon();
    this.#store = await this.#open();
  }

  append(record: Uint8Array): Outcome {
    const { length } = record;
    if (length + 16 > this.#frames.length) this.#frames = new Uint8Array(2 * length);
    const end = writeRecordFrame(this.#frames, 0, APPLICATION_TYPE_MIN, 0, record);
    return this.#store.append({ frames: this.#frames.subarray(0, end) });
  }

  appendBatch(records: readonly Uint8Array[]): Outcome {
    let bytes = 0;
    for (const record of records) bytes += recordFrameBytes(0, record.length);
    if (bytes > this.#frames.length) this.#frames = new Uint8Array(2 * bytes);
    let end = 0;
    for (const record of records) {
      end = writeRecordFrame(this.#frames, end, APPLICATION_TYPE_MIN, 0, record);
    }
    return this.#store.append({ frames: this.#frames.subarray(0, end) });
  }

  async replay(): Promise<Replayed> {
    let records = 0;
    let touched = 0;
    for await (const payload of new Payloads(this.#store)) {
      records++;
      touched += payload[0]!;
    }
    return { records, touched };
  }

  get(at: number): number {
    const { bytes, runs } = this.#store.readChunk({ after: at, maxBytes: 1 });
    const { start, end } = runs[0]!;
    readRecordFrame(bytes, start, end, this.#frame);
    return bytes[this.#frame.payloadStart]!;
  }

  async flushes(): Promise<number> {
    return this.#flushesBefore + this.#store.status().commits.flushes;
  }

  async storedBytes(): Promise<number> {
    const { slots, segmentSizeBytes } = this.#store.layout();
    let bytes = 0;
    for (const { state, usedBytes } of slots) {
      if (state === 'sealed') bytes += segmentSizeBytes;
      else if (state === 'tail') bytes += usedBytes;
    }
    return bytes;
  }

  async destroy(): Promise<void> {
    await this.#store.close();
    await this.#remove();
  }
}

/**
 * Every record's payload, as a view of the chunk it was read in. A view is as it was until `next` is
 * called again: chunks are read into the same buffer.
 */
class Payloads implements AsyncIterableIterator<Uint8Array> {
  readonly #store: StorePort;
  readonly #frame = newRecordFrame();
  #chunk: Chunk | undefined;
  #run = 0;
  #at = 0;
  #left = 0;
  #lastLsn = 0;

  constructor(store: StorePort) {
    this.#store = store;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    while (this.#left === 0) {
      if (!this.#nextRun()) return Promise.resolve({ done: true, value: undefined });
    }
    const { bytes, runs } = this.#chunk!;
    this.#at = readRecordFrame(bytes, this.#at, runs[this.#run]!.end, this.#frame);
    this.#left--;
    const { payloadStart, payloadEnd } = this.#frame;
    return Promise.resolve({ done: false, value: bytes.subarray(payloadStart, payloadEnd) });
  }

  #nextRun(): boolean {
    if (this.#chunk === undefined || ++this.#run >= this.#chunk.runs.length) {
      if (this.#chunk?.done) return false;
      this.#chunk = this.#store.readChunk({
        after: this.#lastLsn,
        maxBytes: CHUNK_BYTES,
        ...(this.#chunk !== undefined && { reuse: this.#chunk.bytes.buffer }),
      });
      this.#run = 0;
      if (this.#chunk.runs.length === 0) return false;
    }
    const { firstLsn, count, start } = this.#chunk.runs[this.#run]!;
    this.#at = start;
    this.#left = count;
    this.#lastLsn = firstLsn + count - 1;
    return true;
  }
}

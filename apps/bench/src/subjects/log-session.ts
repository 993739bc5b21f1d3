/** A `Log`, in a page or in Node, as a session: all that an application would do is measured. */
import type { Codec, Log, OpenOptions } from 'varve';
import type { Outcome, Place, Replayed, Session } from '../subject.ts';

/** Bytes as they are; what is read is a view of the chunk it came in. */
export const asBytes: Codec<Uint8Array> = {
  name: 'bytes',
  encode: (value) => value,
  decode: (bytes) => bytes,
};

export const storeShape = ({
  segmentSizeBytes,
  keepBytes,
}: Place): Pick<OpenOptions, 'segmentSizeBytes' | 'keep'> => ({
  segmentSizeBytes,
  keep: keepBytes === undefined ? 'all' : { bytes: keepBytes },
});

export class LogSession<T> implements Session {
  readonly #log: Log<T>;
  /** What stands for a record of the work; the same record gives the same value. */
  readonly #value: (record: Uint8Array) => T;
  readonly #touch: (value: T) => number;
  readonly #remove: () => Promise<void>;

  constructor(
    log: Log<T>,
    value: (record: Uint8Array) => T,
    touch: (value: T) => number,
    remove: () => Promise<void>,
  ) {
    this.#log = log;
    this.#value = value;
    this.#touch = touch;
    this.#remove = remove;
  }

  static ofBytes(log: Log<Uint8Array>, remove: () => Promise<void>): LogSession<Uint8Array> {
    return new LogSession(
      log,
      (record) => record,
      (value) => value[0]!,
      remove,
    );
  }

  append(record: Uint8Array): Outcome {
    return this.#log.append(this.#value(record));
  }

  appendBatch(records: readonly Uint8Array[]): Outcome {
    return this.#log.appendBatch(records.map(this.#value));
  }

  async replay(): Promise<Replayed> {
    let records = 0;
    let touched = 0;
    for await (const { value } of this.#log.read()) {
      records++;
      touched += this.#touch(value);
    }
    return { records, touched };
  }

  async get(at: number): Promise<number> {
    for await (const { value } of this.#log.read({ after: at, limit: 1 })) {
      return this.#touch(value);
    }
    throw new Error(`there is no record ${at + 1}`);
  }

  async flushes(): Promise<number> {
    return (await this.#log.refreshStatus()).commits.flushes;
  }

  async storedBytes(): Promise<number> {
    const { slots, segmentSizeBytes } = await this.#log.layout();
    let bytes = 0;
    for (const { state, usedBytes } of slots) {
      if (state === 'sealed') bytes += segmentSizeBytes;
      else if (state === 'tail') bytes += usedBytes;
    }
    return bytes;
  }

  async destroy(): Promise<void> {
    await this.#log.close();
    await this.#remove();
  }
}

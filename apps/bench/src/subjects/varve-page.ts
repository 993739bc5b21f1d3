/** Varve as a page uses it: `openLog`, its worker, messages between the two. */
import type { Codec, Log } from 'varve';
import { deleteStore, openLog } from 'varve';
import type { Outcome, Place, Replayed, Session, Subject } from '../subject.ts';

/** Bytes as they are; what is read is a view of the chunk it came in. */
const asBytes: Codec<Uint8Array> = {
  name: 'bytes',
  encode: (value) => value,
  decode: (bytes) => bytes,
};

class PageSession<T> implements Session {
  readonly #log: Log<T>;
  /** What stands for a record of the work; the same record gives the same value. */
  readonly #value: (record: Uint8Array) => T;
  readonly #touch: (value: T) => number;

  constructor(log: Log<T>, value: (record: Uint8Array) => T, touch: (value: T) => number) {
    this.#log = log;
    this.#value = value;
    this.#touch = touch;
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
    await deleteStore(this.#log.name);
  }
}

const openBytes = (durability: 'strict' | 'relaxed') => async (place: Place): Promise<Session> => {
  const log = await openLog<Uint8Array>(place.name, {
    codec: asBytes,
    durability,
    segmentSizeBytes: place.segmentSizeBytes,
  });
  return new PageSession(
    log,
    (record) => record,
    (value) => value[0]!,
  );
};

export const varvePage: Subject = {
  id: 'varve-page',
  title: 'Varve, from the page by message',
  kind: 'varve',
  caller: 'page',
  promise: 'flushed',
  reads: 'view',
  values: 'raw',
  open: openBytes('strict'),
};

export const varvePageRelaxed: Subject = {
  ...varvePage,
  id: 'varve-page-relaxed',
  title: 'Varve relaxed, from the page by message',
  promise: 'written',
  open: openBytes('relaxed'),
};

interface Note {
  readonly id: number;
  readonly kind: string;
  readonly text: string;
  readonly at: number;
  readonly done: boolean;
}

const notes = new WeakMap<Uint8Array, Note>();

/** An object of a plain application, about 100 B when encoded. */
function note(record: Uint8Array): Note {
  let value = notes.get(record);
  if (value === undefined) {
    value = {
      id: record[0]! * 65_536 + record[1]!,
      kind: 'note',
      text: Array.from(record.subarray(0, 40), (byte) => String.fromCharCode(97 + (byte % 26))).join(''),
      at: 1_790_000_000_000 + record[2]! * 1000,
      done: record[3]! > 127,
    };
    notes.set(record, value);
  }
  return value;
}

export const varvePageValues: Subject = {
  ...varvePage,
  id: 'varve-page-values',
  title: 'Varve, from the page, objects by the default codec',
  reads: 'copy',
  values: 'decoded',
  skips: ['append-1k', 'append-64k', 'bulk-64k', 'replay-4k'],
  async open(place) {
    const log = await openLog<Note>(place.name, { segmentSizeBytes: place.segmentSizeBytes });
    return new PageSession(log, note, (value) => value.text.length);
  },
};

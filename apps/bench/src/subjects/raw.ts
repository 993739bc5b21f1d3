/**
 * A bare sync access handle: the yardstick.
 *
 * Always true:
 * - it writes as many bytes as a log of frames must (a header a batch, a few bytes a record), so
 *   that a ratio to it speaks of time alone
 * - the file was written full of zeros before; writes go forward and begin again at its end
 */
import type { Place, Replayed, Session, Subject } from '../subject.ts';
import { countedFlushes } from '../platform/counted-flushes.ts';
import { openSyncHandle, removeEntry, writeZeros } from '../platform/opfs.ts';

const FILE_BYTES = 64 << 20;
/** What a batch and a record cost beside their payload (docs/FORMAT.md), rounded to 16 B a batch. */
const BATCH_BYTES = 80;
const RECORD_BYTES = 4;
const READ_BYTES = 1 << 20;

const framed = (records: readonly Uint8Array[]): number => {
  let bytes = BATCH_BYTES;
  for (const record of records) bytes += record.length + RECORD_BYTES;
  return (bytes + 15) & ~15;
};

class RawSession implements Session {
  readonly #handle: FileSystemSyncAccessHandle;
  readonly #name: string;
  readonly #bytes = new Uint8Array(4 << 20);
  #at = 0;
  #recordBytes = 0;
  #records = 0;

  constructor(handle: FileSystemSyncAccessHandle, name: string) {
    this.#handle = handle;
    this.#name = name;
    this.#bytes.fill(0xa5);
  }

  append(record: Uint8Array): void {
    this.#write((BATCH_BYTES + RECORD_BYTES + record.length + 15) & ~15);
    this.#handle.flush();
  }

  appendBatch(records: readonly Uint8Array[]): void {
    this.#note(records);
    this.#write(framed(records));
    this.#handle.flush();
  }

  together(batches: readonly (readonly Uint8Array[])[]): void {
    let bytes = 0;
    for (const records of batches) bytes += framed(records);
    this.#write(bytes);
    this.#handle.flush();
  }

  #note(records: readonly Uint8Array[]): void {
    this.#recordBytes = records[0]!.length;
    this.#records += records.length;
  }

  #write(bytes: number): void {
    if (this.#at + bytes > FILE_BYTES) {
      this.#at = 0;
      this.#records = 0;
    }
    this.#handle.write(this.#bytes.subarray(0, bytes), { at: this.#at });
    this.#at += bytes;
  }

  /** Reads what was written in big pieces and looks at one byte where each record would be. */
  async replay(): Promise<Replayed> {
    const piece = new Uint8Array(READ_BYTES);
    const step = this.#recordBytes + RECORD_BYTES;
    let records = 0;
    let touched = 0;
    let next = 0;
    for (let at = 0; records < this.#records; at += READ_BYTES) {
      const end = at + this.#handle.read(piece, { at });
      for (; next < end && records < this.#records; next += step, records++) {
        touched += piece[next - at]!;
      }
    }
    return { records, touched };
  }

  async flushes(): Promise<number> {
    return countedFlushes();
  }

  async storedBytes(): Promise<null> {
    return null;
  }

  async destroy(): Promise<void> {
    this.#handle.close();
    await removeEntry(this.#name);
  }
}

async function open(place: Place): Promise<Session> {
  await removeEntry(place.name);
  const handle = await openSyncHandle(place.name);
  writeZeros(handle, FILE_BYTES);
  return new RawSession(handle, place.name);
}

export const rawWorker: Subject = {
  id: 'raw-worker',
  title: 'raw sync access handle, in a worker',
  kind: 'raw',
  caller: 'worker',
  promise: 'flushed',
  reads: 'view',
  values: 'raw',
  // A bare handle groups nothing by itself, and to do it for it would be to write a log.
  skips: ['free-64'],
  open,
};

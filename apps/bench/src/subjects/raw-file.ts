/**
 * A bare file: the yardstick, over a sync access handle as over a Node file.
 *
 * Always true:
 * - the file was written full of zeros before; writes go forward and begin again at its end
 * - one write and one flush for whatever is asked at once
 */
import type { SyncFile } from '@varve/files';
import { appendBytes, batchBytes, RAW_FILE_BYTES, recordStep } from '../raw-bytes.ts';
import type { Replayed, Session } from '../subject.ts';

const PIECE_BYTES = 1 << 20;

export class RawFile implements Session {
  readonly holdsNoRecords = true;
  readonly #file: SyncFile;
  readonly #remove: () => Promise<void>;
  readonly #countFlushes: () => number;
  readonly #bytes = new Uint8Array(4 << 20).fill(0xa5);
  readonly #piece = new Uint8Array(128);
  #at = 0;
  #recordBytes = 0;
  #records = 0;

  constructor(file: SyncFile, countFlushes: () => number, remove: () => Promise<void>) {
    this.#file = file;
    this.#countFlushes = countFlushes;
    this.#remove = remove;
    // Zeros that are written, not a file that is merely extended: later writes ask for no space.
    const zeros = new Uint8Array(PIECE_BYTES);
    for (let at = 0; at < RAW_FILE_BYTES; at += PIECE_BYTES) file.write(zeros, { at });
    file.flush();
  }

  append(record: Uint8Array): void {
    this.#write(appendBytes(record));
    this.#file.flush();
  }

  appendBatch(records: readonly Uint8Array[]): void {
    this.#recordBytes = records[0]!.length;
    this.#records += records.length;
    this.#write(batchBytes(records));
    this.#file.flush();
  }

  together(batches: readonly (readonly Uint8Array[])[]): void {
    let bytes = 0;
    for (const records of batches) bytes += batchBytes(records);
    this.#write(bytes);
    this.#file.flush();
  }

  write(bytes: Uint8Array): void {
    if (this.#at + bytes.length > RAW_FILE_BYTES) this.#at = 0;
    this.#file.write(bytes, { at: this.#at });
    this.#at += bytes.length;
    this.#file.flush();
  }

  #write(bytes: number): void {
    if (this.#at + bytes > RAW_FILE_BYTES) {
      this.#at = 0;
      this.#records = 0;
    }
    this.#file.write(this.#bytes.subarray(0, bytes), { at: this.#at });
    this.#at += bytes;
  }

  /** Reads what was written in big pieces and looks at one byte where each record would be. */
  async replay(): Promise<Replayed> {
    const piece = new Uint8Array(PIECE_BYTES);
    const step = recordStep(this.#recordBytes);
    let records = 0;
    let touched = 0;
    let next = 0;
    for (let at = 0; records < this.#records; at += PIECE_BYTES) {
      const end = at + this.#file.read(piece, { at });
      for (; next < end && records < this.#records; next += step, records++) {
        touched += piece[next - at]!;
      }
    }
    return { records, touched };
  }

  get(at: number): number {
    this.#file.read(this.#piece, { at: at * recordStep(this.#recordBytes) });
    return this.#piece[0]!;
  }

  async flushes(): Promise<number> {
    return this.#countFlushes();
  }

  async storedBytes(): Promise<null> {
    return null;
  }

  async destroy(): Promise<void> {
    this.#file.close();
    await this.#remove();
  }
}

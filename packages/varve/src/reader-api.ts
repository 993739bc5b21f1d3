/** What `varve/reader` gives: reading where no store can be owned. */
import type { Entry, OpenOptions, ReadOptions } from './api.ts';

export interface ReaderOptions<T> extends Pick<OpenOptions<T>, 'codec' | 'schema' | 'upcast'> {
  /**
   * How long a tab that has the store open and does not answer is waited for, until its files are read.
   * Where no tab has it open, nothing is waited for. Default 2,000 ms.
   */
  leaderTimeoutMs?: number;
  /** Every call, and every piece of a stream, ends within this. Default 10,000 ms. */
  deadlineMs?: number;
}

/** What there is to know of a record without its bytes. */
export interface RecordInfo {
  readonly lsn: number;
  readonly type: number;
  readonly channel: number;
  /** When it was written, ms since 1970. */
  readonly timeMs: number;
  /** Size of its value as it is stored, bytes. */
  readonly bytes: number;
  /** A strong entity tag, in quotes: the store's lineage and the LSN. What it names never changes. */
  readonly etag: string;
}

export interface StreamRange {
  /** The first byte. Default 0. */
  start?: number;
  /** The byte after the last. Default: the value's end. */
  end?: number;
  signal?: AbortSignal;
}

/**
 * Reads a log that this context cannot own: through the tab that has it open, else from its files.
 *
 * What it gives was durable and was verified, or it rejects with a `VarveError` (see docs/ERRORS.md).
 * What nothing in the files proves to have been flushed is not there yet: after a tab was killed that
 * may be what was appended in its last few milliseconds, until a tab opens the store again.
 */
export interface LogReader<T> {
  readonly name: string;
  /**
   * The value at `lsn`, or undefined: there is none that is durable.
   * @throws TRIMMED, CORRUPT, NOT_FOUND (no such store), STORE_LOST, RECORD_TOO_LARGE (over 64 MiB),
   * CODEC_REFUSED, SCHEMA_REFUSED, STORE_BUSY (written so fast that it cannot be read), TIMEOUT, CLOSED,
   * IO_ERROR, STORAGE_DENIED, UNSUPPORTED_VERSION
   */
  get(lsn: number): Promise<Entry<T> | undefined>;
  /** What is durable now. @throws like `get`; READER_LAGGED when history went away under it */
  read(options?: Omit<ReadOptions, 'visibility'>): AsyncIterableIterator<Entry<T>>;
  /** The bytes of the record at `lsn`, or some of them, as a stream, however long it is. */
  getStream(lsn: number, range?: StreamRange): ReadableStream<Uint8Array>;
  /** Undefined: there is no record at `lsn` that is durable. @throws like `get` */
  info(lsn: number): Promise<RecordInfo | undefined>;
  /** Ends what is under way, `CLOSED`. Idempotent. */
  close(): void;
}

export interface ResponseOptions {
  /** Default `application/octet-stream`. Whatever it is, browsers are told not to guess another. */
  contentType?: string;
  /** Added to those of an answer that is no error; they replace none. */
  headers?: HeadersInit;
}

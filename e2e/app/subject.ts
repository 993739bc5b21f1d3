/**
 * What is put through the crashes: anything that appends records and reads them back in order.
 */
export interface RecoveryFacts {
  /** Bytes after the last whole record that somebody had begun to write. */
  readonly tornBytes: number;
  readonly tailUncertain: boolean;
  readonly clean: boolean;
  readonly rows: readonly string[];
}

export interface OpenOptions {
  readonly store: string;
  readonly segmentSizeBytes?: number;
  /** Name of a broken worker to use (`e2e/broken`). */
  readonly broken?: string;
}

export interface Subject {
  /** Resolves with the record's LSN when it was acknowledged. */
  append(bytes: Uint8Array, durability: 'strict' | 'relaxed'): Promise<number>;
  /** Resolves with the first LSN. All or none. */
  appendBatch(parts: Uint8Array[], durability: 'strict' | 'relaxed'): Promise<number>;
  appendStream(bytes: Uint8Array): Promise<number>;
  /** Calls `each` for every record, in order. */
  readAll(each: (lsn: number, bytes: Uint8Array) => void): Promise<void>;
  facts(): RecoveryFacts;
  /** Called after its worker was terminated: nothing will be answered any more. */
  workerEnded(): void;
  close(): Promise<void>;
}

export type OpenSubject = (options: OpenOptions) => Promise<Subject>;

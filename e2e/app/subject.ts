/**
 * What is put through the crashes: anything that appends records and reads them back in order.
 */
export interface RecoveryFacts {
  /** Bytes after the last whole record that somebody had begun to write. */
  readonly tornBytes: number;
  readonly tailUncertain: boolean;
  readonly clean: boolean;
  readonly rows: readonly string[];
  /** The first LSN that is there, or would be if nothing is. */
  readonly firstLsn: number;
}

export interface OpenOptions {
  readonly store: string;
  readonly segmentSizeBytes?: number;
  /** Name of a broken worker to use (`e2e/broken`). */
  readonly broken?: string;
}

/** What keeps a log from growing for ever. */
export interface Housekeeping {
  /** Resolves when `state` stands for everything up to `upTo`. */
  checkpoint(state: Uint8Array, upTo: number): Promise<void>;
  /** Resolves when what lies below `before` is let go of. */
  trim(before: number): Promise<void>;
  readCheckpoint(): Promise<{ readonly state: Uint8Array | undefined; readonly upTo: number }>;
  /** The number of the segment that each slot of the file holds; 0: none. */
  readSlots(): Promise<{ readonly segments: readonly number[]; readonly endSlot: number }>;
}

export interface Subject {
  /** Absent: it keeps everything. */
  readonly housekeeping?: Housekeeping;
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

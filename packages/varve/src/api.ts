/**
 * What an application sees. The same in a page and in Node (`varve/node`).
 *
 * Units: sizes in bytes (`…Bytes`), times in milliseconds (`…Ms`), LSNs are plain positive integers.
 */
import type {
  DamageRange,
  Durability,
  RecoveryReport,
  StorageFacts,
  StoreEvent,
  StoreLayout,
  BatchLayout,
  StoreStatus,
  SurvivalClass,
  TailUncertain,
} from '@varve/protocol';

export type {
  BatchLayout,
  DamageRange,
  Durability,
  RecoveryReport,
  StorageFacts,
  StoreEvent,
  StoreLayout,
  StoreStatus,
  SurvivalClass,
  TailUncertain,
};

/** Turns values into bytes and back. Must refuse (throw) what it cannot give back unchanged. */
export interface Codec<T> {
  /** Kept in no file: two programs that share a store must agree on their codec. */
  readonly name: string;
  encode(value: T): Uint8Array;
  /** `bytes` is only valid during the call unless the codec copies it. */
  decode(bytes: Uint8Array): T;
}

/** The part of Standard Schema (https://standardschema.dev) that Varve calls. Synchronous results only. */
export interface StandardSchema<T> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (
      value: unknown,
    ) =>
      | { readonly value: T; readonly issues?: undefined }
      | { readonly issues: readonly { readonly message: string }[] }
      | Promise<unknown>;
  };
}

/** How much history stays. The default is `'all'`. */
export type Keep =
  | 'all'
  /** What the last checkpoint covers may go. */
  | 'checkpoint'
  /** At least this much of the newest history stays; older segments may go. */
  | { readonly bytes: number }
  | { readonly records: number };

/** What data goes through between page and engine: of a port, or of a worker, what is used. */
export interface DataPort {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown, transfer?: Transferable[]): void;
}

/** Puts another way in front of `port`, until `ended`. `ring()` of `varve/ring` and `ports()` of `varve/ports` are. */
export type Transport = (port: DataPort, ended: AbortSignal) => DataPort;

export interface StateSnapshot {
  readonly state: unknown;
  /** The last LSN that `state` has taken in. */
  readonly upTo: number;
}

export interface OpenOptions<T = unknown> {
  /** When `append` resolves: `strict` (default) after the flush; `relaxed` after the write. */
  durability?: Durability;
  /** Default: everything that `structuredClone` takes, or a refusal (`CODEC_REFUSED`). */
  codec?: Codec<T>;
  /** Checked before a value is encoded and after it was decoded (and upcast). */
  schema?: StandardSchema<T>;
  /** Turns what an older version of the application wrote into today's shape, on read. */
  upcast?: (
    value: unknown,
    record: { readonly lsn: number; readonly type: number; readonly channel: number },
  ) => unknown;
  /** False: reject `NOT_FOUND` when the store does not exist. Default true. */
  create?: boolean;
  /** Open without writing a byte. Appends reject `READ_ONLY`. Default false. */
  readOnly?: boolean;
  keep?: Keep;
  /** Size of a segment, fixed when the store is made: a power of two, 4 KiB to 64 MiB. Default 4 MiB. */
  segmentSizeBytes?: number;
  /** Where batches start, fixed when the store is made: 16, or 4096 for devices whose sector writes may damage neighbours. Default 16. */
  alignmentBytes?: 16 | 4096;
  /** The journal file never grows past this. Past it appends reject `STORE_FULL`. Default: the quota alone. */
  maxBytes?: number;
  /** Largest checkpoint state that is always possible, even when full. Default 1 MiB. */
  maxStateBytes?: number;
  /** Largest record, streams included. Default 1 GiB. */
  maxRecordBytes?: number;
  /** What may be unflushed at most with `durability: 'relaxed'`. Default 1 MiB or 1,000 ms. */
  relaxed?: { readonly bytes?: number; readonly ms?: number };
  /** Bytes that appends may hold in the queue before `append` waits and `tryAppend` says no. Default 8 MiB. */
  queueBytes?: number;
  /** False: the log is not verified in idle time (`status().scrub`). Default: a pass a week. */
  scrub?: false;
  /** Where there is no durable storage: refuse (default), or keep everything in memory and say so in `status().mode`. */
  fallback?: 'refuse' | 'memory';
  /**
   * How what is asked gets there: `ring()` of `varve/ring` brings small appends to the engine through
   * shared memory, `ports()` of `varve/ports` whatever goes to another tab by port. Default, and where
   * they give undefined: by message, and by `BroadcastChannel`.
   */
  transport?: Transport | undefined;
  /** Ask the browser not to evict this origin (`navigator.storage.persist()`). Default false. */
  persist?: boolean;
  /** Checkpoint by itself every so many bytes; needs somebody who knows the state. */
  checkpoint?: {
    readonly everyBytes?: number;
    readonly state: () => StateSnapshot | Promise<StateSnapshot>;
  };
  /** Every control call ends within this. Default 30,000 ms. */
  deadlineMs?: number;
  /** How long to wait while another tab, worker or process holds the store (`STORE_BUSY`). Default 3,000 ms. */
  busyTimeoutMs?: number;
  /** How long a call waits when the tab that owns the store is not heard any more (`LEADER_UNRESPONSIVE`). Default 10,000 ms. */
  leaderTimeoutMs?: number;
  signal?: AbortSignal;
}

export interface OpenLogOptions<T = unknown> extends OpenOptions<T> {
  /** The worker to use instead of the one Varve starts by itself: for bundlers or policies that need it. */
  worker?: Worker | (() => Worker);
}

export interface AppendOptions {
  durability?: Durability;
  /** 64–255; the number an application gives a kind of record. Default 64. */
  type?: number;
  /** 0 to 2^32 − 1; kinds of records that share a log. Default 0. */
  channel?: number;
  /** Compare-and-append: reject `CONFLICT` unless this is the log's last LSN. */
  expect?: number;
  /**
   * The caller's own name for this append: a string (of its UTF-8) or bytes, 1 to 256 bytes. The same
   * key again, from any tab, in any life of the page, after a failover or a crash, gives the LSN of the
   * first append, and nothing more is written; with another value, type, channel or number of values it
   * rejects `KEY_REUSED` (`facts.lsn`: the first's), `not-written`.
   *
   * A store knows the last 1,024 keys that were appended, however long ago. One that came before those
   * is new to it: whoever sends it again gets a second record, and no error. So do all keys in an
   * imported copy, or when the table of keys was lost (an older build of Varve wrote to the store, or it
   * was too full to keep the table). A key that was under way during a failover in which 1,024 others
   * came is `OUTCOME_UNKNOWN`.
   *
   * Bytes decide whether a value is the same: a codec must write equal values equally. An append with
   * a key travels alone: two at a time, each a batch of its own of some 100 bytes more. Keys are told
   * apart by a digest of 56 bits that is not cryptographic: do not let strangers choose them.
   */
  key?: string | Uint8Array;
  /** Aborting an append that was sent means: stop waiting, the outcome is unknown. */
  signal?: AbortSignal;
  /** Bytes logs only: Varve may take the buffer over instead of copying it, and detach it. */
  transfer?: boolean;
}

export interface Entry<T> {
  readonly lsn: number;
  readonly value: T;
  readonly type: number;
  readonly channel: number;
  /** When the batch was written, ms since 1970. Never runs backwards within a store. */
  readonly timeMs: number;
}

/** Which records are meant: all, unless told. Records that it leaves out are not decoded. */
export interface RecordFilter {
  type?: number;
  channel?: number;
}

export interface ReadOptions extends RecordFilter {
  /** Only records with a greater LSN. Default: from the first that is there. */
  after?: number;
  /** Only records with a smaller LSN. */
  before?: number;
  limit?: number;
  /** Newest first. */
  reverse?: boolean;
  /** `durable`: what survives a crash. `written`: also what a relaxed append has written. Default: what the store's durability promises. */
  visibility?: 'durable' | 'written';
  signal?: AbortSignal;
}

export interface TailOptions extends Omit<ReadOptions, 'before' | 'limit' | 'reverse'> {}

export type Reducer<S, T> = (state: S, entry: Entry<T>) => S;

/** A state that follows the log: first everything there is, then live, with no gap. */
export interface Projection<S> {
  /** Resolves when all that was there at the start has been taken in. */
  readonly ready: Promise<void>;
  /** The last LSN that the state has taken in. */
  readonly lsn: number;
  /** The same object until something changes: fits `useSyncExternalStore`. */
  getSnapshot(): S;
  /** Calls `listener` after each change; returns how to stop. */
  subscribe(listener: () => void): () => void;
  close(): void;
}

export interface SalvageReport {
  readonly records: number;
  readonly missing: readonly DamageRange[];
}

export interface LogEventMap {
  recovered: CustomEvent<RecoveryReport>;
  reopened: CustomEvent<RecoveryReport>;
  durable: CustomEvent<{ readonly lsn: number }>;
  checkpointed: CustomEvent<{ readonly coveredLsn: number }>;
  /** An automatic checkpoint did not succeed; the next one is tried when it is due again. */
  checkpointFailed: CustomEvent<{ readonly error: Error }>;
  trimmed: CustomEvent<{ readonly firstLsn: number }>;
  quota: CustomEvent<{ readonly message: string }>;
  damage: CustomEvent<DamageRange>;
  poisoned: CustomEvent<{ readonly message: string; readonly generation: number }>;
  lost: CustomEvent<{ readonly from: number; readonly to: number }>;
  role: CustomEvent<{ readonly role: 'leader' | 'follower' }>;
  /** Appends that had waited in the inbox (`varve/service-worker`) were taken out. */
  inbox: CustomEvent<{ readonly appended: number; readonly dropped: readonly string[] }>;
  closed: CustomEvent<null>;
}

export interface LogStatus extends StoreStatus, StorageFacts {}

/**
 * A durable log.
 *
 * Every method rejects with a `VarveError` (see docs/ERRORS.md) and none hangs. After `close()`
 * every method rejects `CLOSED`; `close()` itself may be called any number of times.
 */
export interface Log<T> {
  readonly name: string;

  /**
   * Appends one value of at most 64 MiB. Resolves with its LSN when it is durable (`relaxed`: when it
   * is written). Appends get LSNs in the order of their calls, awaited or not; one that rejects with
   * `outcome: 'not-written'` is left out, and those after it are written all the same.
   * @throws BAD_ARGUMENT, CODEC_REFUSED, SCHEMA_REFUSED, RECORD_TOO_LARGE, CONFLICT, QUOTA_EXCEEDED,
   * STORE_FULL, READ_ONLY, POISONED, STORE_LOST, CLOSED, WORKER_DIED, ABORTED, KEY_REUSED: each says
   * `outcome`
   */
  append(value: T, options?: AppendOptions): Promise<number>;
  /** Appends all (of 64 MiB at most) or none. Resolves with the LSN of the first; the others follow without a gap. */
  appendBatch(values: readonly T[], options?: AppendOptions): Promise<number>;
  /** Like `append`, but undefined at once instead of waiting when the queue is past its high-water mark. */
  tryAppend(value: T, options?: AppendOptions): Promise<number> | undefined;
  /**
   * Appends one record of any length from a stream of bytes, atomically: nothing of it is visible
   * before its end, and nothing ever if it is aborted or fails. It takes its place in the log when the
   * stream has ended: behind everything appended until then.
   */
  appendStream(
    stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
    options?: Omit<AppendOptions, 'transfer' | 'key'>,
  ): Promise<number>;
  /** Makes everything written so far durable. Resolves with the durable LSN. A no-op when clean. */
  flush(): Promise<number>;

  /** The value at `lsn`, or undefined beyond the end. @throws TRIMMED, CORRUPT */
  get(lsn: number): Promise<Entry<T> | undefined>;
  /** The bytes of the record at `lsn` as a stream, however long it is. */
  getStream(lsn: number): ReadableStream<Uint8Array>;
  /** What is there now. @throws TRIMMED when `after` lies below the history that is left; CORRUPT at damage */
  read(options?: ReadOptions): AsyncIterableIterator<Entry<T>>;
  /** What is there, then what comes, until `signal` aborts (then it ends) or the log closes. */
  tail(options?: TailOptions): AsyncIterableIterator<Entry<T>>;

  /** The last checkpoint's state (or `initial`) with all later records applied, and the LSN it stands for. */
  recover<S>(
    reduce: Reducer<S, T>,
    initial: S,
    only?: RecordFilter,
  ): Promise<{ state: S; lsn: number }>;
  /** The records after the last checkpoint. */
  replay(options?: RecordFilter & { signal?: AbortSignal }): AsyncIterableIterator<Entry<T>>;
  /**
   * Stores `state` as what records up to and including `upTo` amount to. Retention may then let them go.
   * @throws STATE_TOO_LARGE, BAD_ARGUMENT (`upTo` beyond the end or below the last checkpoint)
   */
  checkpoint(state: unknown, options: { upTo: number }): Promise<void>;
  /** Lets go of records with an LSN below `before`. What a checkpoint still needs stays. */
  trim(before: number): Promise<void>;
  /** A state that follows this log. */
  project<S>(reduce: Reducer<S, T>, initial: S, only?: RecordFilter): Projection<S>;

  /** A snapshot of the latest known status; the same object until something changes. */
  status(): LogStatus;
  /** Asks the engine now. */
  refreshStatus(): Promise<LogStatus>;
  /** For UI frameworks: `subscribe(listener)` and `getSnapshot()` of the status. */
  subscribe(listener: () => void): () => void;
  getSnapshot(): LogStatus;
  addEventListener<K extends keyof LogEventMap>(
    type: K,
    listener: (event: LogEventMap[K]) => void,
    options?: AddEventListenerOptions | boolean,
  ): void;
  removeEventListener<K extends keyof LogEventMap>(
    type: K,
    listener: (event: LogEventMap[K]) => void,
  ): void;

  /** Superblocks and slots as they are, for inspectors. */
  layout(): Promise<StoreLayout>;
  /** The batches of one slot. */
  batches(slot: number): Promise<BatchLayout[]>;
  /** The whole store as one stream of bytes: `importStore` (`varve/stores`) and the CLI read it. */
  export(options?: { signal?: AbortSignal }): ReadableStream<Uint8Array>;
  /** Everything that still verifies in a damaged store, with the missing ranges at the end. */
  salvage(onEntry: (entry: Entry<T>) => void | Promise<void>): Promise<SalvageReport>;

  /** Finishes what was appended, flushes, and marks the store as properly closed. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface StoreInfo {
  readonly name: string;
  readonly bytes: number;
  /** The witness knows it, but its files are gone. */
  readonly lost: boolean;
}

export type OpenLog = <T = unknown>(name: string, options?: OpenLogOptions<T>) => Promise<Log<T>>;
export type ListStores = () => Promise<StoreInfo[]>;
/** @throws STORE_BUSY while it is open anywhere */
export type DeleteStore = (name: string) => Promise<void>;
/** Makes a new store from an export. @throws CORRUPT, CONFLICT when the name is taken */
export type ImportStore = (
  name: string,
  source: ReadableStream<Uint8Array> | Blob,
  options?: { signal?: AbortSignal },
) => Promise<void>;

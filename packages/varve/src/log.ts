/**
 * A handle on an open store: what `openLog` gives out.
 *
 * Always true:
 * - after `close` was called every method rejects `CLOSED`, and every iterator ends with it
 * - appends of one handle are acknowledged in the order of their calls
 * - nothing here waits without a deadline, a signal, or the engine's death to end it
 */
import {
  APPLICATION_TYPE_MIN,
  MESSAGE_BYTES_MAX,
  VarveError,
  asVarveError,
  badArgument,
  checkCount,
  withOutcome,
} from '@varve/protocol';
import type { StoreEvent } from '@varve/protocol';
import { throwIfAborted } from './abort.ts';
import type {
  AppendOptions,
  BatchLayout,
  Codec,
  Entry,
  Log,
  LogEventMap,
  LogStatus,
  OpenOptions,
  Projection,
  ReadOptions,
  RecordFilter,
  Reducer,
  SalvageReport,
  StoreLayout,
  TailOptions,
} from './api.ts';
import type { AppendCall } from './append-queue.ts';
import { EntryCoder } from './entry-coder.ts';
import type { LogSession, StateProvider } from './log-session.ts';
import { checkAppend } from './options.ts';
import { projection } from './projection.ts';
import { readPieces, recordReader } from './record-reader.ts';
import type { RecordReader } from './record-reader.ts';
import { salvage } from './salvage.ts';
import { pull, pullStream, push } from './streams.ts';
import type { Pieces } from './streams.ts';

/** What stands before a payload: type, flags, channel, length. */
const FRAME_HEAD_BYTES_MAX = 16;
const NO_OPTIONS: AppendOptions = {};

/** The platform's own `EventTarget`, with the names and types of a log's events. */
const LogEvents = EventTarget as new () => Pick<
  Log<never>,
  'addEventListener' | 'removeEventListener'
> &
  Pick<EventTarget, 'dispatchEvent'>;

export class LogHandle<T> extends LogEvents implements Log<T> {
  readonly name: string;
  readonly #session: LogSession;
  readonly #coder: EntryCoder<T>;
  readonly #stateCodec: Codec<unknown>;
  readonly #release: () => Promise<void>;
  readonly #provideState: StateProvider | undefined;
  readonly #subscribers = new Set<() => void>();
  readonly #readers = new Set<RecordReader<T>>();
  #closed: Promise<void> | undefined;
  #isCheckpointing = false;

  constructor(
    session: LogSession,
    codec: Codec<T>,
    stateCodec: Codec<unknown>,
    options: OpenOptions<T>,
    release: () => Promise<void>,
  ) {
    super();
    this.name = session.name;
    this.#session = session;
    this.#coder = new EntryCoder(codec, options);
    this.#stateCodec = stateCodec;
    this.#provideState = options.checkpoint?.state;
    this.#release = release;
    session.listeners.add(this);
  }

  append(value: T, options: AppendOptions = NO_OPTIONS): Promise<number> {
    return this.appendBatch([value], options);
  }

  appendBatch(values: readonly T[], options: AppendOptions = NO_OPTIONS): Promise<number> {
    try {
      return this.#append(values, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  tryAppend(value: T, options: AppendOptions = NO_OPTIONS): Promise<number> | undefined {
    return this.#session.appends.isFull() && !this.#closed
      ? undefined
      : this.append(value, options);
  }

  async appendStream(
    pieces: Pieces,
    options: Omit<AppendOptions, 'transfer'> = NO_OPTIONS,
  ): Promise<number> {
    this.#check('not-written');
    const call = checkedCall(options);
    let isWhole = false;
    try {
      const opening = this.#control.call('openUnit');
      return await push(this.#control, opening, pieces, call.signal, (stream) => {
        isWhole = true;
        return this.#session.appends.append({ ...call, payloads: [new Uint8Array()], stream });
      });
    } catch (cause) {
      // Until its end is appended nothing of it can be visible, whatever the error says of itself.
      throw isWhole ? cause : withOutcome(asVarveError(cause), 'not-written');
    }
  }

  async flush(): Promise<number> {
    this.#check();
    await this.#session.appends.drained();
    return this.#control.call('flush');
  }

  async get(lsn: number): Promise<Entry<T> | undefined> {
    checkCount(lsn, 'lsn', 1);
    const { firstLsn } = this.status();
    if (lsn < firstLsn) throw new VarveError('TRIMMED', undefined, { facts: { lsn, firstLsn } });
    const { done, value } = await this.read({ after: lsn - 1, before: lsn + 1 }).next();
    return done ? undefined : value;
  }

  getStream(lsn: number): ReadableStream<Uint8Array> {
    return pullStream(this.#payload(lsn));
  }

  read(options: ReadOptions = {}): AsyncIterableIterator<Entry<T>> {
    return this.#reader(options, false);
  }

  tail(options: TailOptions = {}): AsyncIterableIterator<Entry<T>> {
    return this.#reader(options, true);
  }

  async recover<S>(
    reduce: Reducer<S, T>,
    initial: S,
    only: RecordFilter = {},
  ): Promise<{ state: S; lsn: number }> {
    this.#check();
    const saved = await this.#control.call('readState');
    let state = saved === null ? initial : (this.#stateCodec.decode(saved.state) as S);
    let lsn = saved?.coveredLsn ?? 0;
    for await (const entry of this.read({ ...only, after: lsn })) {
      state = reduce(state, entry);
      lsn = entry.lsn;
    }
    return { state, lsn };
  }

  async *replay(options: RecordFilter & { signal?: AbortSignal } = {}): AsyncGenerator<Entry<T>> {
    this.#check();
    const { coveredLsn } = await this.#control.call('status');
    yield* this.read({ ...options, after: coveredLsn });
  }

  async checkpoint(state: unknown, { upTo }: { upTo: number }): Promise<void> {
    this.#check();
    checkCount(upTo, 'upTo');
    await this.#control.call('checkpoint', this.#stateCodec.encode(state), upTo);
  }

  async trim(before: number): Promise<void> {
    this.#check();
    checkCount(before, 'before');
    await this.#control.call('trim', before);
  }

  project<S>(reduce: Reducer<S, T>, initial: S, only: RecordFilter = {}): Projection<S> {
    return projection(this, reduce, initial, only);
  }

  status(): LogStatus {
    return this.#session.status();
  }

  getSnapshot = (): LogStatus => this.status();

  subscribe = (listener: () => void): (() => void) => {
    this.#subscribers.add(listener);
    return () => void this.#subscribers.delete(listener);
  };

  async refreshStatus(): Promise<LogStatus> {
    this.#check();
    return this.#session.refresh();
  }

  async layout(): Promise<StoreLayout> {
    this.#check();
    return this.#control.call('layout');
  }

  async batches(slot: number): Promise<BatchLayout[]> {
    this.#check();
    checkCount(slot, 'slot');
    return [...(await this.#control.call('batches', slot))];
  }

  export({ signal }: { signal?: AbortSignal } = {}): ReadableStream<Uint8Array> {
    return pullStream(this.#exported(), signal);
  }

  async salvage(onEntry: (entry: Entry<T>) => void | Promise<void>): Promise<SalvageReport> {
    this.#check();
    return salvage(this.#session.engine, this.#coder, onEntry);
  }

  close(): Promise<void> {
    if (this.#closed) return this.#closed;
    const error = this.#closedError();
    this.#closed = this.#release().then(() => {
      this.#session.listeners.delete(this);
      this.#dispatch('closed', null);
    });
    for (const reader of [...this.#readers]) reader.stop(error);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // What the session tells.

  onStatus(): void {
    for (const listener of [...this.#subscribers]) listener();
  }

  onEvent(event: StoreEvent): void {
    if (event.type === 'closed') return;
    this.#dispatch(event.type, detailOf(event));
  }

  onDied(error: VarveError): void {
    for (const reader of [...this.#readers]) reader.stop(error);
  }

  onCheckpointDue(): void {
    if (this.#provideState && !this.#isCheckpointing && !this.#closed) {
      void this.#checkpointNow(this.#provideState);
    }
  }

  get #control() {
    return this.#session.engine.control;
  }

  #append(values: readonly T[], options: AppendOptions): Promise<number> {
    this.#check('not-written');
    const call = checkedCall(options);
    if (values.length === 0) throw badArgument('values', 'one value or more');
    const payloads = values.map((value) => this.#coder.encode(value));
    const { maxRecordBytes } = this.#session.request;
    let bytes = 0;
    for (const { length } of payloads) {
      checkSize(length, maxRecordBytes);
      bytes += length + FRAME_HEAD_BYTES_MAX;
    }
    checkSize(bytes, MESSAGE_BYTES_MAX);
    return this.#session.appends.append({ ...call, payloads });
  }

  #reader(options: ReadOptions, isTail: boolean): RecordReader<T> {
    const { data } = this.#session.engine;
    const onEnd = (ended: RecordReader<T>): void => void this.#readers.delete(ended);
    const reader = recordReader(data, this.#coder, options, isTail, onEnd);
    this.#readers.add(reader);
    try {
      this.#check();
      for (const option of ['after', 'before', 'limit', 'type', 'channel'] as const) {
        if (options[option] !== undefined) checkCount(options[option], option);
      }
    } catch (error) {
      reader.stop(error as Error);
    }
    return reader;
  }

  async *#payload(lsn: number): AsyncGenerator<Uint8Array> {
    this.#check();
    checkCount(lsn, 'lsn', 1);
    yield* readPieces(this.#session.engine.data, lsn);
  }

  async *#exported(): AsyncGenerator<Uint8Array> {
    this.#check();
    await this.#session.appends.drained();
    for await (const piece of pull(this.#control, 'export')) {
      if ('bytes' in piece) yield piece.bytes;
    }
  }

  async #checkpointNow(provide: StateProvider): Promise<void> {
    this.#isCheckpointing = true;
    try {
      const { state, upTo } = await provide();
      if (upTo > this.status().coveredLsn) await this.checkpoint(state, { upTo });
    } catch (error) {
      this.#dispatch('checkpointFailed', { error });
    } finally {
      this.#isCheckpointing = false;
    }
  }

  #dispatch(type: keyof LogEventMap, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #closedError(outcome?: 'not-written'): VarveError {
    return new VarveError('CLOSED', undefined, {
      facts: { name: this.name },
      ...(outcome && { outcome }),
    });
  }

  #check(outcome?: 'not-written'): void {
    if (this.#closed) throw this.#closedError(outcome);
  }
}

/** @throws BAD_ARGUMENT, ABORTED */
function checkedCall(options: AppendOptions): Omit<AppendCall, 'payloads'> {
  checkAppend(options);
  const { type = APPLICATION_TYPE_MIN, channel = 0, durability, expect, signal } = options;
  throwIfAborted(signal, 'not-written');
  return { type, channel, durability, expect, signal };
}

function checkSize(bytes: number, limitBytes: number): void {
  if (bytes <= limitBytes) return;
  throw new VarveError('RECORD_TOO_LARGE', 'appendStream takes more', {
    facts: { bytes, limitBytes },
    outcome: 'not-written',
  });
}

/** An event carries what it is about, without its own name. */
function detailOf(event: StoreEvent): unknown {
  if ('report' in event) return event.report;
  if ('range' in event) return event.range;
  const { type: _, ...detail } = event;
  return detail;
}

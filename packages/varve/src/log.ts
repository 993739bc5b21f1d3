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
  checkArgument,
  checkCount,
  checkFunction,
  checkOneOf,
  withOutcome,
} from '@varve/protocol';
import { checkSignal, throwIfAborted } from './abort.ts';
import type {
  AppendOptions,
  BatchLayout,
  Codec,
  Log,
  LogEventMap,
  OpenOptions,
  ReadOptions,
  RecordFilter,
  Reducer,
} from './api.ts';
import type { AppendCall } from './append-queue.ts';
import { entryCoder } from './entry-coder.ts';
import type { LogSession, SessionListener, StateProvider } from './log-session.ts';
import { checkAppend } from './options.ts';
import { projection } from './projection.ts';
import { readPieces, recordReader } from './record-reader.ts';
import type { RecordReader } from './record-reader.ts';
import { salvage } from './salvage.ts';
import { pull, pullStream, push } from './streams.ts';
import type { Pieces } from './streams.ts';

/** What stands before a payload: type, flags, channel, length. */
const FRAME_HEAD_BYTES_MAX = 16;

export function logHandle<T>(
  session: LogSession,
  codec: Codec<T>,
  stateCodec: Codec<unknown>,
  options: OpenOptions<T>,
  release: () => Promise<void>,
): Log<T> {
  const { name, appends, engine, listeners, status } = session;
  const { call } = engine.control;
  const coder = entryCoder(codec, options);
  const provideState = options.checkpoint?.state;
  const subscribers = new Set<() => void>();
  const readers = new Set<RecordReader<T>>();
  let closed: Promise<void> | undefined;
  let isCheckpointing = false;

  const listener: SessionListener = {
    onStatus() {
      for (const tell of [...subscribers]) tell();
    },
    onEvent: ({ type, detail }) => dispatch(type, detail),
    onDied: stopReaders,
    onCheckpointDue() {
      if (provideState && !isCheckpointing && !closed) void checkpointNow(provideState);
    },
  };

  const log: Log<T> = Object.assign(new EventTarget(), {
    name,

    append: (value: T, wishes?: AppendOptions) => log.appendBatch([value], wishes),

    // Asynchronous for its errors; the call takes its place in the queue before it returns.
    async appendBatch(values: readonly T[], wishes?: AppendOptions) {
      const wanted = appendCall(wishes);
      checkArgument(Array.isArray(values) && values.length > 0, 'values', 'one or more');
      const payloads = values.map((value) => coder.encode(value));
      let bytes = 0;
      for (const { length } of payloads) {
        checkSize(length, session.request.maxRecordBytes);
        bytes += length + FRAME_HEAD_BYTES_MAX;
      }
      checkSize(bytes, MESSAGE_BYTES_MAX);
      return appends.append({ ...wanted, payloads });
    },

    tryAppend: (value: T, wishes?: AppendOptions) =>
      appends.isFull() && !closed ? undefined : log.append(value, wishes),

    async appendStream(pieces: Pieces, wishes?: AppendOptions) {
      const wanted = appendCall(wishes);
      let isWhole = false;
      try {
        return await push(engine.control, call('openUnit'), pieces, wanted.signal, (stream) => {
          isWhole = true;
          return appends.append({ ...wanted, payloads: [new Uint8Array()], stream });
        });
      } catch (cause) {
        // Until its end is appended nothing of it can be visible, whatever the error says of itself.
        throw isWhole ? cause : withOutcome(asVarveError(cause), 'not-written');
      }
    },

    async flush() {
      check();
      await appends.drained();
      return call('flush');
    },

    async get(lsn: number) {
      checkCount(lsn, 'lsn', 1);
      const { firstLsn } = status();
      if (lsn < firstLsn) throw new VarveError('TRIMMED', undefined, { facts: { lsn, firstLsn } });
      const { done, value } = await log.read({ after: lsn - 1, before: lsn + 1 }).next();
      return done ? undefined : value;
    },

    getStream: (lsn: number) => pullStream(payload(lsn)),

    read: (wishes?: ReadOptions) => reader(wishes, false),

    tail: (wishes?: ReadOptions) => reader(wishes, true),

    async recover<S>(reduce: Reducer<S, T>, initial: S, only?: RecordFilter) {
      check();
      checkFunction(reduce, 'reduce');
      const saved = await call('readState');
      let state = saved ? (stateCodec.decode(saved.state) as S) : initial;
      let lsn = saved?.coveredLsn ?? 0;
      for await (const entry of log.read({ ...only, after: lsn })) {
        state = reduce(state, entry);
        lsn = entry.lsn;
      }
      return { state, lsn };
    },

    async *replay(wishes?: Parameters<Log<T>['replay']>[0]) {
      check();
      const { coveredLsn } = await call('status');
      yield* log.read({ ...wishes, after: coveredLsn });
    },

    async checkpoint(state: unknown, options: { upTo: number }) {
      check();
      const upTo = options?.upTo;
      checkCount(upTo, 'upTo');
      await call('checkpoint', stateCodec.encode(state), upTo);
    },

    async trim(before: number) {
      check();
      checkCount(before, 'before');
      await call('trim', before);
    },

    project: <S>(reduce: Reducer<S, T>, initial: S, only?: RecordFilter) =>
      projection(log, reduce, initial, only),

    status,

    getSnapshot: status,

    subscribe(subscriber: () => void) {
      checkFunction(subscriber, 'subscriber');
      subscribers.add(subscriber);
      return () => void subscribers.delete(subscriber);
    },

    async refreshStatus() {
      check();
      return session.refresh();
    },

    async layout() {
      check();
      return call('layout');
    },

    async batches(slot: number) {
      check();
      checkCount(slot, 'slot');
      return call('batches', slot) as Promise<BatchLayout[]>;
    },

    export: (options?: { signal?: AbortSignal }) => pullStream(exported(), options?.signal),

    async salvage(onEntry: Parameters<Log<T>['salvage']>[0]) {
      check();
      checkFunction(onEntry, 'onEntry');
      return salvage(engine, coder, onEntry);
    },

    close(): Promise<void> {
      if (closed) return closed;
      const error = closedError();
      closed = release().then(() => {
        listeners.delete(listener);
        dispatch('closed', null);
      });
      stopReaders(error);
      return closed;
    },

    [Symbol.asyncDispose]: () => log.close(),
  }) as Log<T>;
  listeners.add(listener);
  return log;

  /** @throws CLOSED, BAD_ARGUMENT, ABORTED */
  function appendCall(given?: AppendOptions): Omit<AppendCall, 'payloads'> {
    const wishes = given ?? {};
    check('not-written');
    checkAppend(wishes);
    const { type = APPLICATION_TYPE_MIN, channel = 0, durability, expect, signal, key } = wishes;
    throwIfAborted(signal, 'not-written');
    return { type, channel, durability, expect, signal, key: key?.slice() };
  }

  function reader(given: ReadOptions | undefined, isTail: boolean): RecordReader<T> {
    let wishes = given ?? {};
    let refusal: unknown;
    try {
      check();
      for (const option of ['after', 'before', 'limit', 'type', 'channel'] as const) {
        if (wishes[option] !== undefined) checkCount(wishes[option], option);
      }
      checkSignal(wishes.signal);
      checkOneOf(wishes.visibility ?? 'durable', 'visibility', 'durable', 'written');
    } catch (error) {
      refusal = error;
      wishes = {};
    }
    const onEnd = (ended: RecordReader<T>): unknown => readers.delete(ended);
    const made = recordReader(engine.data, coder, wishes, isTail, onEnd);
    readers.add(made);
    if (refusal !== undefined) made.stop(refusal as Error);
    return made;
  }

  async function* payload(lsn: number): AsyncGenerator<Uint8Array> {
    check();
    checkCount(lsn, 'lsn', 1);
    yield* readPieces(engine.data, lsn);
  }

  async function* exported(): AsyncGenerator<Uint8Array> {
    check();
    await appends.drained();
    for await (const piece of pull(engine.control, 'export')) {
      if ('bytes' in piece) yield piece.bytes;
    }
  }

  async function checkpointNow(provide: StateProvider): Promise<void> {
    isCheckpointing = true;
    try {
      const { state, upTo } = await provide();
      if (upTo > status().coveredLsn) await log.checkpoint(state, { upTo });
    } catch (error) {
      dispatch('checkpointFailed', { error });
    } finally {
      isCheckpointing = false;
    }
  }

  function dispatch(type: keyof LogEventMap, detail: unknown): void {
    (log as Log<T> & EventTarget).dispatchEvent(new CustomEvent(type, { detail }));
  }

  function stopReaders(error: Error): void {
    for (const made of [...readers]) made.stop(error);
  }

  function closedError(outcome?: 'not-written'): VarveError {
    return new VarveError('CLOSED', undefined, { facts: { name }, outcome });
  }

  function check(outcome?: 'not-written'): void {
    if (closed) throw closedError(outcome);
  }
}

function checkSize(bytes: number, limitBytes: number): void {
  if (bytes <= limitBytes) return;
  throw new VarveError('RECORD_TOO_LARGE', 'appendStream takes more', {
    facts: { bytes, limitBytes },
    outcome: 'not-written',
  });
}

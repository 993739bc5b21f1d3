/**
 * Opening: one engine per store and page, however often it is opened.
 *
 * Always true:
 * - two opens of one name share a session while at least one handle lives; an open that comes while
 *   the last handle closes waits for that and starts afresh
 * - each store has a worker of its own: a slow flush of one never holds up another
 */
import { badArgument, checkCount } from '@varve/protocol';
import type { ControlCalls, ControlMethod } from '@varve/protocol';
import { throwIfAborted, untilAborted } from './abort.ts';
import type { Codec, Log, OpenOptions, StoreInfo } from './api.ts';
import { EngineClient } from './engine-client.ts';
import { LogHandle } from './log.ts';
import { LogSession } from './log-session.ts';
import { DEADLINE_MS, checkName, checkSame, givenRequest } from './options.ts';
import type { Platform } from './platform.ts';

interface Shared {
  readonly codec: string;
  readonly session: Promise<LogSession>;
  /** Resolves when the session is over, its files given back. */
  readonly ended: Promise<void>;
  /** Opens that wait for the session and have no handle yet. */
  waiting: number;
}

/** On the global object, so that a module that was replaced (HMR) finds what its forerunner opened. */
const REGISTRY = Symbol.for('varve.open-stores');

function registry(): Map<string, Shared> {
  const place = globalThis as { [REGISTRY]?: Map<string, Shared> };
  return (place[REGISTRY] ??= new Map());
}

export async function openShared<T>(
  platform: Platform,
  name: string,
  options: OpenOptions<T>,
  stateCodec: Codec<unknown>,
): Promise<Log<T>> {
  checkName(name);
  const given = givenRequest(options);
  const { signal, deadlineMs = DEADLINE_MS, codec = stateCodec as Codec<T> } = options;
  checkCount(deadlineMs, 'deadlineMs', 1);
  throwIfAborted(signal);
  const key = `${platform.place}/${name}`;
  const stores = registry();
  let shared = stores.get(key);
  if (shared === undefined) {
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const onEnded = (): void => {
      if (stores.get(key) === created) stores.delete(key);
      end();
    };
    const open = async (): Promise<LogSession> => {
      const engine = await EngineClient.start(platform.startEngine(), deadlineMs);
      try {
        const opened = await engine.control.call('open', name, given);
        return new LogSession(name, opened, engine, platform, onEnded);
      } catch (error) {
        engine.end();
        throw error;
      }
    };
    const session = open();
    const created: Shared = { codec: codec.name, session, ended, waiting: 0 };
    session.catch(onEnded);
    stores.set(key, created);
    shared = created;
  } else {
    const { codec: openCodec } = shared;
    if (options.codec && codec.name !== openCodec) throw badArgument('codec', `'${openCodec}'`);
  }
  shared.waiting++;
  try {
    const session = await untilAborted(shared.session, signal);
    if (!session.isEnding) {
      checkSame(session.request, given);
      const log = new LogHandle(session, codec, stateCodec, options);
      return await settled(log, session, options.persist === true ? platform : undefined);
    }
  } finally {
    shared.waiting--;
    if (shared.waiting === 0)
      shared.session.then(
        (it) => it.closeIfUnused(),
        () => undefined,
      );
  }
  await untilAborted(shared.ended, signal);
  return openShared(platform, name, options, stateCodec);
}

/** The handle, once all that opening promises was done. */
async function settled<T>(
  log: Log<T>,
  session: LogSession,
  persistOn: Platform | undefined,
): Promise<Log<T>> {
  try {
    await persistOn?.persist();
    await session.refresh();
    return log;
  } catch (error) {
    await log.close();
    throw error;
  }
}

/** Runs `work` with an engine that has no store open, and ends it. */
async function withEngine<R>(
  platform: Platform,
  work: (
    call: <M extends ControlMethod>(
      method: M,
      ...args: Parameters<ControlCalls[M]>
    ) => Promise<ReturnType<ControlCalls[M]>>,
  ) => Promise<R>,
): Promise<R> {
  const engine = await EngineClient.start(platform.startEngine(), DEADLINE_MS);
  try {
    return await work((method, ...args) => engine.control.call(method, ...args));
  } finally {
    engine.end();
  }
}

export function listStoresOf(platform: Platform): Promise<StoreInfo[]> {
  return withEngine(platform, async (call) => [...(await call('listStores'))]);
}

export async function deleteStoreOf(platform: Platform, name: string): Promise<void> {
  checkName(name);
  await withEngine(platform, (call) => call('deleteStore', name));
}

export async function importStoreOf(
  platform: Platform,
  name: string,
  source: ReadableStream<Uint8Array> | Blob,
  { signal }: { signal?: AbortSignal } = {},
): Promise<void> {
  checkName(name);
  const reader = (source instanceof Blob ? source.stream() : source).getReader();
  await withEngine(platform, async (call) => {
    const stream = await call('openImport', name);
    try {
      for (;;) {
        const { done, value } = await untilAborted(reader.read(), signal);
        if (done) break;
        if (!(value instanceof Uint8Array)) throw badArgument('source', 'a stream of Uint8Array');
        for (let at = 0; at < value.length; at += IMPORT_PIECE_BYTES) {
          await call('write', stream, value.slice(at, at + IMPORT_PIECE_BYTES));
        }
      }
      await call('endImport', stream);
    } catch (error) {
      await call('dropStream', stream).catch(() => undefined);
      await reader.cancel().catch(() => undefined);
      throw error;
    }
  });
}

const IMPORT_PIECE_BYTES = 1024 * 1024;

/**
 * Opening: one engine per store and page, however often it is opened.
 *
 * Always true:
 * - two opens of one name share a session while at least one handle lives; an open that comes while
 *   the last handle closes waits for that and starts afresh
 * - each store has a worker of its own: a slow flush of one never holds up another
 */
import { checkArgument, checkCount, isVarveError } from '@varve/protocol';
import type { CallTable, ControlCalls } from '@varve/protocol';
import { throwIfAborted, untilAborted } from './abort.ts';
import type { Codec, Log, OpenOptions, Transport } from './api.ts';
import { startEngine } from './engine-client.ts';
import type { EngineClient } from './engine-client.ts';
import { logHandle } from './log.ts';
import { logSession } from './log-session.ts';
import type { LogSession } from './log-session.ts';
import { DEADLINE_MS, checkName, givenRequest } from './options.ts';
import type { Platform } from './platform.ts';

interface Shared {
  readonly codec: string;
  readonly session: Promise<LogSession>;
  /** Handles, and opens that are on their way to one. At zero the session closes. */
  users: number;
  /** Set at zero: resolves when the store was given back. */
  closing?: Promise<void>;
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
  const key = `${platform.place}/${name}`;
  const stores = registry();
  for (;;) {
    throwIfAborted(signal);
    const closing = stores.get(key)?.closing;
    if (!closing) break;
    await untilAborted(closing, signal);
  }
  const shared = stores.get(key) ?? start();
  checkArgument(!options.codec || codec.name === shared.codec, 'codec', shared.codec);
  shared.users++;
  try {
    const session = await untilAborted(shared.session, signal);
    if (options.persist) await platform.persist();
    await session.refresh(given);
    return logHandle(session, codec, stateCodec, options, release);
  } catch (error) {
    release().catch(() => undefined);
    throw error;
  }

  function start(): Shared {
    const open = async (engine: EngineClient): Promise<LogSession> => {
      const opened = await engine.control.call('open', name, given);
      return logSession(name, opened, engine, platform, forget);
    };
    const needsStorage = given.fallback !== 'memory';
    const session = withEngine(platform, deadlineMs, needsStorage, open, options.transport);
    const started: Shared = { codec: codec.name, session, users: 0 };
    stores.set(key, started);
    return started;
  }

  /** A dead engine's store is not to be found any more. */
  function forget(): void {
    if (stores.get(key) === shared) stores.delete(key);
  }

  async function release(): Promise<void> {
    shared.users--;
    if (shared.users > 0) return (await shared.session).appends.drained();
    const closed = shared.session.then(
      (session) => session.close(),
      // An open that failed has nothing to close.
      () => undefined,
    );
    shared.closing = closed.catch(() => undefined).finally(forget);
    return closed;
  }
}

/**
 * Runs `work` with a new engine, which ends if it fails. The engine's word on storage comes first;
 * where it does not come, or no worker does, this context's own answers decide within a second.
 */
export async function withEngine<R, C extends CallTable<C> = ControlCalls>(
  platform: Platform,
  deadlineMs: number,
  needsStorage: boolean,
  work: (engine: EngineClient<C>) => Promise<R>,
  transport?: Transport,
): Promise<R> {
  const starting = (async () => startEngine<C>(platform.startEngine(), deadlineMs, transport))();
  const refusal = needsStorage ? platform.refusal() : Promise.resolve(undefined);
  try {
    return await new Promise<R>((resolve, reject) => {
      starting.then(work).then(resolve, reject);
      void refusal.then((refused) => refused && reject(refused));
    });
  } catch (error) {
    starting.then((engine) => engine.end()).catch(() => undefined);
    throw (isVarveError(error, 'WORKER_LOAD_FAILED') && (await refusal)) || error;
  }
}

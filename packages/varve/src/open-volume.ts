/**
 * Opening a volume: one engine per volume and page, however often it is opened.
 *
 * Always true: two opens of one name share an engine while at least one handle lives; an open that
 * comes while the last handle closes waits for that and starts afresh.
 */
import { checkArgument, checkCount, isVarveError } from '@varve/protocol';
import type { VolumeCalls } from '@varve/protocol';
import { throwIfAborted, untilAborted } from './abort.ts';
import type { EngineClient } from './engine-client.ts';
import { withEngine } from './open.ts';
import { DEADLINE_MS, checkName } from './options.ts';
import type { Platform } from './platform.ts';
import type { OpenPageVolumeOptions, OpenVolumeOptions, Volume } from './volume-api.ts';
import { volumeHandle } from './volume-handle.ts';

type Engine = EngineClient<VolumeCalls>;

interface Shared {
  readonly session: Promise<{ readonly engine: Engine; readonly close: () => Promise<void> }>;
  /** Handles, and opens that are on their way to one. At zero the volume is closed. */
  users: number;
  closing?: Promise<void>;
}

/** On the global object, so that a module that was replaced (HMR) finds what its forerunner opened. */
const REGISTRY = Symbol.for('varve.open-volumes');

function registry(): Map<string, Shared> {
  const place = globalThis as { [REGISTRY]?: Map<string, Shared> };
  return (place[REGISTRY] ??= new Map());
}

export async function openSharedVolume(
  platform: Platform,
  name: string,
  options: OpenVolumeOptions & Pick<OpenPageVolumeOptions, 'transport'>,
): Promise<Volume> {
  checkName(name);
  checkArgument(typeof options === 'object' && options !== null, 'options', 'an object');
  const { signal, deadlineMs = DEADLINE_MS, ...rest } = options;
  checkCount(deadlineMs, 'deadlineMs', 1);
  const given = sendable(rest);
  const key = `${platform.place}/${name}`;
  const volumes = registry();
  for (;;) {
    throwIfAborted(signal);
    const closing = volumes.get(key)?.closing;
    if (!closing) break;
    await untilAborted(closing, signal);
  }
  const shared = volumes.get(key) ?? start();
  shared.users++;
  let released: Promise<void> | undefined;
  const release = (): Promise<void> => (released ??= letGo());
  try {
    const { engine } = await untilAborted(shared.session, signal);
    return volumeHandle(name, engine, release);
  } catch (error) {
    release().catch(() => undefined);
    throw error;
  }

  function start(): Shared {
    const needsStorage = options.fallback !== 'memory';
    const work = async (engine: Engine): Promise<Awaited<Shared['session']>> => {
      await engine.control.call('openVolume', name, given);
      const stopWatching = platform.watchPage(
        () => void engine.control.call('park').catch(() => undefined),
        // What was under way then goes on now.
        () => void engine.control.call('volumeStatus').catch(() => undefined),
      );
      const ended = (): void => {
        stopWatching();
        forget();
      };
      engine.onDied = ended;
      return { engine, close: () => closeEngine(engine).finally(ended) };
    };
    const session = withEngine(platform, deadlineMs, needsStorage, work, options.transport);
    const started: Shared = { session, users: 0 };
    volumes.set(key, started);
    return started;
  }

  function forget(): void {
    if (volumes.get(key) === shared) volumes.delete(key);
  }

  async function letGo(): Promise<void> {
    if (--shared.users > 0) return;
    const closed = shared.session.then(
      (session) => session.close(),
      // An open that failed has nothing to close.
      () => undefined,
    );
    shared.closing = closed.catch(() => undefined).finally(forget);
    return closed;
  }
}

async function closeEngine(engine: Engine): Promise<void> {
  try {
    await engine.control.call('closeVolume');
  } catch (error) {
    // A dead engine has nothing left to close: its volume is as a crash leaves it.
    if (!isVarveError(error, 'WORKER_DIED')) throw error;
  } finally {
    engine.end();
  }
}

/** What is ours alone (functions, a worker) stays here. */
function sendable(options: object): object {
  return Object.fromEntries(
    Object.entries(options).filter(
      ([key, value]) =>
        value !== undefined &&
        typeof value !== 'function' &&
        !['worker', 'directory', 'inline'].includes(key),
    ),
  );
}

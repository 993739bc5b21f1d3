/** Starting the engine's worker in a page. */
import { VarveError } from '@varve/protocol';
import type { OpenLogOptions } from './api.ts';
import type { EngineProcess } from './engine-client.ts';

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): TrustedTypesPolicy;
}

interface TrustedTypesPolicy {
  createScriptURL(url: string): unknown;
}

/** A page may make a policy of one name only once. */
let policy: TrustedTypesPolicy | undefined;

/** A worker script of ours: where it lies, and how it is started. */
export interface WorkerScript {
  url(): URL;
  /** Bundlers look for `new Worker(new URL('…', import.meta.url))` in this very form. */
  start(): Worker;
}

const LOGS: WorkerScript = {
  url: () => new URL('./worker.ts', import.meta.url),
  start: () =>
    new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'varve' }),
};

/** @throws CONTEXT_UNSUPPORTED, WORKER_LOAD_FAILED */
export function startWorker(
  given: OpenLogOptions<never>['worker'],
  script: WorkerScript = LOGS,
): EngineProcess {
  if (typeof Worker === 'undefined' || isContentScript()) {
    throw new VarveError('CONTEXT_UNSUPPORTED', 'no store here; varve/service-worker appends', {
      outcome: 'not-written',
    });
  }
  const isOwn = typeof given !== 'object';
  let worker: Worker;
  try {
    worker = typeof given === 'function' ? given() : (given ?? newWorker(script));
  } catch (cause) {
    throw new VarveError('WORKER_LOAD_FAILED', 'openLog(name, { worker })', {
      facts: { reason: String(cause) },
      outcome: 'not-written',
      cause,
    });
  }
  return {
    url: given ? 'given' : script.url().href,
    isOwn,
    // Ours is known to answer: its script may come over a slow network (docs/decisions/0012).
    silenceMs: given ? 5_000 : 20_000,
    ...(!given && { channel: worker }),
    post: (message, ports) => worker.postMessage(message, ports),
    onEnd(listener) {
      worker.addEventListener('error', (event) => listener(event.message));
      worker.addEventListener('messageerror', () => listener('unreadable'));
    },
    // A worker that the application made stays the application's.
    terminate: () => isOwn && worker.terminate(),
  };
}

/** An extension's code in somebody else's page: a store there would be that site's. */
function isContentScript(): boolean {
  const { chrome } = globalThis as { chrome?: { runtime?: { id?: string } } };
  return !!chrome?.runtime?.id && location.protocol.startsWith('http');
}

function newWorker(script: WorkerScript): Worker {
  try {
    return script.start();
  } catch (error) {
    const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
    if (trustedTypes === undefined) throw error;
    policy ??= trustedTypes.createPolicy('varve', { createScriptURL: (url) => url });
    const url = policy.createScriptURL(script.url().href) as URL;
    return new Worker(url, { type: 'module', name: 'varve' });
  }
}

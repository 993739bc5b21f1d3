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

/** @throws CONTEXT_UNSUPPORTED, WORKER_LOAD_FAILED */
export function startWorker(given: OpenLogOptions<never>['worker']): EngineProcess {
  if (typeof Worker === 'undefined' || isContentScript()) {
    throw new VarveError('CONTEXT_UNSUPPORTED', 'no store here; varve/service-worker appends', {
      outcome: 'not-written',
    });
  }
  const isOwn = typeof given !== 'object';
  let worker: Worker;
  try {
    worker = typeof given === 'function' ? given() : (given ?? newWorker());
  } catch (cause) {
    throw new VarveError('WORKER_LOAD_FAILED', 'not allowed here; openLog takes { worker }', {
      facts: { reason: String(cause) },
      outcome: 'not-written',
      cause,
    });
  }
  return {
    url: given === undefined ? scriptUrl().href : 'given',
    isOwn,
    ...(given === undefined && { channel: worker }),
    post: (message, ports) => worker.postMessage(message, ports),
    onEnd(listener) {
      worker.addEventListener('error', (event) => listener(event.message));
      worker.addEventListener('messageerror', () => listener('unreadable message'));
    },
    // A worker that the application made stays the application's.
    terminate: () => isOwn && worker.terminate(),
  };
}

/** An extension's code in somebody else's page: a store there would be that site's. */
function isContentScript(): boolean {
  const { chrome } = globalThis as { chrome?: { runtime?: { id?: string } } };
  return chrome?.runtime?.id !== undefined && location.protocol.startsWith('http');
}

function scriptUrl(): URL {
  return new URL('./worker.ts', import.meta.url);
}

function newWorker(): Worker {
  try {
    // Bundlers look for this very form.
    return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'varve' });
  } catch (error) {
    const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
    if (trustedTypes === undefined) throw error;
    policy ??= trustedTypes.createPolicy('varve', { createScriptURL: (url) => url });
    const url = policy.createScriptURL(scriptUrl().href) as URL;
    return new Worker(url, { type: 'module', name: 'varve' });
  }
}

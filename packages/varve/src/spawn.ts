/** Starting the engine's worker in a page. */
import { VarveError } from '@varve/protocol';
import type { OpenLogOptions } from './api.ts';
import type { EngineProcess } from './engine-client.ts';

type Given = OpenLogOptions<never>['worker'];

/** @throws CONTEXT_UNSUPPORTED, WORKER_LOAD_FAILED */
export function startWorker(given: Given): EngineProcess {
  if (typeof Worker === 'undefined' || typeof MessageChannel === 'undefined') {
    throw new VarveError('CONTEXT_UNSUPPORTED', undefined, { outcome: 'not-written' });
  }
  let worker: Worker;
  try {
    worker = given === undefined ? ownWorker() : typeof given === 'function' ? given() : given;
  } catch (cause) {
    throw new VarveError(
      'WORKER_LOAD_FAILED',
      'this page may not start the worker: openLog(name, { worker }) takes one',
      {
        facts: { reason: String(cause) },
        outcome: 'not-written',
        cause,
      },
    );
  }
  return {
    url:
      given === undefined
        ? String(new URL('./worker.ts', import.meta.url))
        : 'given by the application',
    post: (message, ports) => worker.postMessage(message, ports),
    onEnd(listener) {
      worker.addEventListener('error', (event) =>
        listener(event.message || 'the worker reported an error'),
      );
      worker.addEventListener('messageerror', () => listener('a message could not be read'));
    },
    terminate() {
      // A worker that the application made stays the application's.
      if (given === undefined || typeof given === 'function') worker.terminate();
    },
  };
}

function ownWorker(): Worker {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  // This very form is what bundlers look for.
  if (trustedTypes === undefined) return newWorker();
  try {
    return newWorker();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const policy = trustedTypes.createPolicy('varve', { createScriptURL: (url) => url });
    const url = policy.createScriptURL(String(new URL('./worker.ts', import.meta.url)));
    return new Worker(url as URL, { type: 'module', name: 'varve' });
  }
}

function newWorker(): Worker {
  return new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'varve' });
}

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL(url: string): string },
  ): { createScriptURL(url: string): unknown };
}

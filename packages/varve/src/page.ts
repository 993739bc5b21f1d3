/** The platform when it is a page. */
import { firstRefusal, storageDenied } from '@varve/protocol';
import type { OpenLogOptions } from './api.ts';
import type { Platform } from './platform.ts';
import { startWorker } from './spawn.ts';
import type { WorkerScript } from './spawn.ts';

export function pagePlatform(
  worker?: OpenLogOptions<never>['worker'],
  script?: WorkerScript,
): Platform {
  return {
    place: '',
    startEngine: () => startWorker(worker, script),
    async refusal() {
      const asks = {
        opfs: () => navigator.storage.getDirectory(),
        'indexed-db': () => globalThis.indexedDB.databases(),
        'web-locks': () => navigator.locks.query(),
      };
      const nowMs = (): number => performance.now();
      const after = (delayMs: number, task: () => void) => setTimeout(task, delayMs);
      const refused = await firstRefusal(asks, { nowMs, after });
      return refused && storageDenied(refused);
    },
    async persist() {
      // A refusal is no error: `status().persisted` tells.
      await globalThis.navigator?.storage?.persist?.().catch(() => false);
    },
    watchPage(park, wake) {
      if (typeof document === 'undefined') return () => undefined;
      const stopping = new AbortController();
      const { signal } = stopping;
      addEventListener('pagehide', park, { signal });
      addEventListener('pageshow', wake, { signal });
      document.addEventListener('freeze', park, { signal });
      document.addEventListener('resume', wake, { signal });
      return () => stopping.abort();
    },
  };
}

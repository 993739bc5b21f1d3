/** An engine's surroundings in Node: a folder. */
import { faultOf } from '@varve/files';
import { createMemoryHost } from '@varve/files/memory';
import { createNodeHost } from '@varve/files/node';
import { deleteStore, importStore, listStores, openStore } from '@varve/journal';
import { VarveError } from '@varve/protocol';
import { openVolume } from '@varve/volume';
import type { EngineServices, VolumeServices } from './services.ts';

export function nodeServices(directory: string): EngineServices & VolumeServices {
  const memory = createMemoryHost();
  const host = createNodeHost(directory);
  return {
    durableHost: async () => host,
    memoryHost: () => memory,
    refusal: async (error) => {
      const cause = error instanceof VarveError ? error.cause : error;
      if (cause === undefined || faultOf(cause) !== 'denied') return undefined;
      return new VarveError('STORAGE_DENIED', `this process may not use ${directory}`, {
        facts: { part: 'directory', directory },
        outcome: 'not-written',
        cause: error,
      });
    },
    timers: host.timers,
    lifeLock: undefined,
    openStore,
    openVolume,
    listStores,
    deleteStore,
    importStore,
  };
}

/** Varve's engine as a page meets it, over a disk that does nothing. */
import { receiveHello, type EngineServices } from '@varve/engine';
import { deleteStore, importStore, listStores, openStore } from '@varve/journal';
import { createMemoryHost } from '@varve/files/memory';
import { NullDirectory } from '../null-directory.ts';

const host = { ...createMemoryHost(), root: new NullDirectory() };
const services: EngineServices = {
  durableHost: async () => host,
  memoryHost: () => host,
  refusal: async () => undefined,
  timers: host.timers,
  mayStandStill: true,
  lifeLock: undefined,
  openStore,
  listStores,
  deleteStore,
  importStore,
};

self.addEventListener('message', ({ data }) => void receiveHello(services, data));

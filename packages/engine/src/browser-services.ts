/**
 * An engine's surroundings in a browser's dedicated worker.
 *
 * Always true: nothing is touched before the first client says hello.
 */
import { createMemoryHost } from '@varve/files/memory';
import { createOpfsHost, probeStorage } from '@varve/files/opfs';
import type { Host } from '@varve/files';
import { deleteStore, importStore, listStores, openStore } from '@varve/journal';
import { VarveError } from '@varve/protocol';
import type { EngineServices } from './services.ts';

/** Folder in the origin's private file system; also the prefix of locks. */
const ROOT_NAME = 'varve';

/** `withHost` lets a test put something between the journal and the files. */
export async function browserServices(
  withHost: (host: Host) => Host = (host) => host,
): Promise<EngineServices> {
  const memory = createMemoryHost();
  const durable = withHost(createOpfsHost({ rootName: ROOT_NAME }));
  return {
    durableHost: async () => durable,
    memoryHost: () => memory,
    refusal,
    timers: memory.timers,
    lifeLock: await holdLifeLock(),
    openStore,
    listStores,
    deleteStore,
    importStore,
  };
}

/** What opening trips over where storage is refused has many names; which part it was has one. */
async function refusal(error: unknown): Promise<VarveError | undefined> {
  if (error instanceof VarveError && !['IO_ERROR', 'STORAGE_DENIED'].includes(error.code)) {
    return undefined;
  }
  const [refused] = await probeStorage({ rootName: ROOT_NAME });
  if (refused === undefined) return undefined;
  const { part, reason } = refused;
  return new VarveError('STORAGE_DENIED', `this context refuses ${part}`, {
    facts: { part, reason },
    outcome: 'not-written',
    cause: error,
  });
}

/** Held until the worker ends, however it ends: the page waits for it to come free. */
function holdLifeLock(): Promise<string | undefined> {
  const { locks } = navigator as Partial<WorkerNavigator>;
  const name = `varve-life:${crypto.randomUUID()}`;
  return new Promise((resolve) => {
    if (locks === undefined) return resolve(undefined);
    const forever = (): Promise<never> => {
      resolve(name);
      return new Promise(() => undefined);
    };
    locks.request(name, forever).catch(() => resolve(undefined));
  });
}

/**
 * Calls about stores rather than inside one: list, delete, import. None needs an open store.
 */
import type { ControlHandlers } from './control-root.ts';
import { takeStore } from './leadership.ts';
import type { EngineServices } from './services.ts';
import type { Streams } from './streams.ts';

/** A store that was just closed may need a moment; one that is in use will not go in time. */
const BUSY_TIMEOUT_MS = 500;

export function storeAdministration(
  services: EngineServices,
  streams: Streams,
): Pick<ControlHandlers, 'listStores' | 'deleteStore' | 'openImport'> {
  /** A refusal of storage is named as such. */
  const named = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw (await services.refusal(error)) ?? error;
    }
  };
  return {
    listStores: () => named(async () => services.listStores(await services.durableHost())),
    deleteStore: (name) =>
      named(async () => {
        const host = await services.durableHost();
        const { lock } = await takeStore(host, name, BUSY_TIMEOUT_MS, () =>
          services.deleteStore(host, name),
        );
        try {
          await host.inbox?.clear(name);
        } finally {
          lock.release();
        }
      }),
    openImport: async (name) => {
      const host = await services.durableHost();
      return streams.openImport(async (chunks) => {
        const { lock } = await takeStore(host, name, BUSY_TIMEOUT_MS, () =>
          services.importStore(host, name, chunks),
        );
        lock.release();
      });
    },
  };
}

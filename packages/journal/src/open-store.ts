import type { Host } from '@varve/files';
import type { StoreEvent } from '@varve/protocol';
import { storeOptions } from './options.ts';
import { Store } from './store.ts';
import { folderOf } from './store-files.ts';
import type { StoreOptions } from './store-port.ts';

/**
 * Opens (or makes) a store.
 *
 * @throws VarveError BAD_ARGUMENT, NOT_FOUND, STORE_BUSY, STORE_LOST, CORRUPT (both superblocks are
 * gone), UNSUPPORTED_VERSION, IO_ERROR, QUOTA_EXCEEDED, STORAGE_DENIED
 */
export async function openStore(
  host: Host,
  name: string,
  given: Partial<StoreOptions> = {},
  onEvent: (event: StoreEvent) => void = () => {},
): Promise<Store> {
  const options = storeOptions(given);
  folderOf(name); // refuses what can be no store's name before anything is looked at
  const store = new Store(host, name, options, onEvent);
  await store.life.start();
  return store;
}

/** Varve in a page: a durable local log. */
import type { DeleteStore, ImportStore, ListStores, Log, OpenLogOptions } from './api.ts';
import { structuredCodec } from './codec/index.ts';
import { deleteStoreOf, importStoreOf, listStoresOf, openShared } from './open.ts';
import { pagePlatform } from './page.ts';

export type * from './api.ts';
export { VarveError, isVarveError } from '@varve/protocol';
export type { ErrorCode, Facts, Outcome } from '@varve/protocol';

/**
 * Opens a log, or makes it.
 * @throws BAD_ARGUMENT, CONTEXT_UNSUPPORTED, CORRUPT, NOT_FOUND, STORAGE_DENIED, STORE_BUSY,
 * STORE_LOST, TIMEOUT, UNSUPPORTED_VERSION, WORKER_LOAD_FAILED
 */
export async function openLog<T = unknown>(
  name: string,
  options: OpenLogOptions<T> = {},
): Promise<Log<T>> {
  return openShared(pagePlatform(options?.worker), name, options, structuredCodec());
}

export const listStores: ListStores = () => listStoresOf(pagePlatform());

export const deleteStore: DeleteStore = (name) => deleteStoreOf(pagePlatform(), name);

export const importStore: ImportStore = (name, source, options) =>
  importStoreOf(pagePlatform(), name, source, options);

/**
 * A page's stores as wholes. A page that only opens a log does not load this.
 *
 * Always true: what it shares with `openLog` is in that entry's file, whose size does not grow by it.
 */
import { deleteStoreOf, importStoreOf, listStoresOf } from './administration.ts';
import type { DeleteStore, ImportStore, ListStores } from './api.ts';
import { pagePlatform } from './page.ts';

export type { DeleteStore, ImportStore, ListStores, StoreInfo } from './api.ts';
// By this the bundler knows that who loads this loads that: no third file holds what they share.
export { VarveError, isVarveError } from './index.ts';

export const listStores: ListStores = () => listStoresOf(pagePlatform());

export const deleteStore: DeleteStore = (name) => deleteStoreOf(pagePlatform(), name);

export const importStore: ImportStore = (name, source, options) =>
  importStoreOf(pagePlatform(), name, source, options);

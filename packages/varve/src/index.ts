/** Varve in a page: a durable local log. What is done to stores as wholes is in `stores.ts`. */
import type { Log, OpenLogOptions } from './api.ts';
import { structuredCodec } from './codec/index.ts';
import { openShared } from './open.ts';
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

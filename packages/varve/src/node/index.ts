/**
 * Varve in Node: the same log over a folder.
 *
 * The engine runs in a worker thread, so that a flush never blocks the program, or with
 * `{ inline: true }` in this one.
 */
import { deleteStoreOf, importStoreOf, listStoresOf } from '../administration.ts';
import type { Log, OpenOptions, StoreInfo } from '../api.ts';
import { structuredCodec } from '../codec/index.ts';
import { openShared } from '../open.ts';
import { openSharedVolume } from '../open-volume.ts';
import type { OpenVolumeOptions, Volume } from '../volume-api.ts';
import { nodePlatform } from './platform.ts';

export type * from '../api.ts';
export type * from '../volume-api.ts';
export { ERROR_CODES, VarveError, isVarveError } from '@varve/protocol';
export type { ErrorCode, Facts, Outcome } from '@varve/protocol';

export interface Place {
  /** The folder that holds the stores, one folder each; it is made when the first store is. */
  directory: string;
  /** Run the engine in this thread: no worker, but every flush blocks. Default false. */
  inline?: boolean;
}

export interface OpenNodeLogOptions<T = unknown> extends OpenOptions<T>, Place {}

/**
 * Opens a log, or makes it.
 * @throws BAD_ARGUMENT, CORRUPT, NOT_FOUND, STORAGE_DENIED, STORE_BUSY, STORE_LOST, TIMEOUT,
 * UNSUPPORTED_VERSION, WORKER_LOAD_FAILED
 */
export async function openLog<T = unknown>(
  name: string,
  options: OpenNodeLogOptions<T>,
): Promise<Log<T>> {
  return openShared(nodePlatform(options), name, options, structuredCodec());
}

/**
 * Opens a volume, or makes it.
 * @throws BAD_ARGUMENT, CORRUPT, NOT_FOUND, STORAGE_DENIED, STORE_BUSY, STORE_LOST, TIMEOUT,
 * UNSUPPORTED_VERSION, WORKER_LOAD_FAILED
 */
export async function openVolume(
  name: string,
  options: OpenVolumeOptions & Place,
): Promise<Volume> {
  return openSharedVolume(nodePlatform(options, 'volumes'), name, options);
}

export async function listStores(place: Place): Promise<StoreInfo[]> {
  return listStoresOf(nodePlatform(place));
}

/** @throws STORE_BUSY while it is open anywhere */
export async function deleteStore(name: string, place: Place): Promise<void> {
  return deleteStoreOf(nodePlatform(place), name);
}

/** Makes a new store from an export. @throws CORRUPT, CONFLICT when the name is taken */
export async function importStore(
  name: string,
  source: ReadableStream<Uint8Array> | Blob,
  options: Place & { signal?: AbortSignal },
): Promise<void> {
  return importStoreOf(nodePlatform(options), name, source, options);
}

/** The surroundings of a {@link Reading} in a browser: any context of the origin, service workers included. */
import { createViewingHost } from '@varve/files/opfs/viewing';
import { VarveError } from '@varve/protocol';
import { Reading } from './reading.ts';
import { ROOT_NAME } from './root-name.ts';

/** @throws CONTEXT_UNSUPPORTED, BAD_ARGUMENT */
export function openReading(name: string, leaderTimeoutMs: number): Reading {
  const { channels, ...host } = createViewingHost(ROOT_NAME);
  const { locks, storage } = (globalThis.navigator ?? {}) as {
    readonly locks?: LockManager;
    readonly storage?: { readonly getDirectory?: unknown };
  };
  const hasFiles = typeof storage?.getDirectory === 'function';
  const hasIndexedDb = typeof indexedDB !== 'undefined';
  if (channels === undefined || locks === undefined || !hasFiles || !hasIndexedDb) {
    throw new VarveError(
      'CONTEXT_UNSUPPORTED',
      'there is no BroadcastChannel, no origin private file system, no IndexedDB or no Web Locks here',
    );
  }
  return new Reading({ ...host, channels }, name, leaderTimeoutMs);
}

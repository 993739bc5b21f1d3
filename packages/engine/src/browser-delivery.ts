/** The surroundings of a {@link Delivery} in a browser: any context of the origin, service workers included. */
import { createFolderlessHost } from '@varve/files/opfs/folderless';
import { VarveError } from '@varve/protocol';
import type { OpenRequest } from '@varve/protocol';
import { Delivery } from './delivery.ts';
import { ROOT_NAME } from './root-name.ts';

/** @throws CONTEXT_UNSUPPORTED */
export function openDelivery(
  name: string,
  request: Pick<OpenRequest, 'durability' | 'leaderTimeoutMs'>,
): Delivery {
  const { channels, inbox, ...host } = createFolderlessHost(ROOT_NAME);
  const { locks } = (globalThis.navigator ?? {}) as { locks?: LockManager };
  if (channels === undefined || inbox === undefined || locks === undefined) {
    throw new VarveError(
      'CONTEXT_UNSUPPORTED',
      'there is no BroadcastChannel, no IndexedDB or no Web Locks here',
      { outcome: 'not-written' },
    );
  }
  return new Delivery({ ...host, channels, inbox }, name, request);
}

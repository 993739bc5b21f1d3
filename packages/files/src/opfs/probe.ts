/**
 * How to ask this context for each thing that a store needs: by itself, and as a store uses it.
 * An ask that throws or rejects was refused; what a silent one means its caller decides.
 */
import { faultOf } from '../fault.ts';
import { IdbWitness } from './idb-witness.ts';

export type StoragePart = 'opfs' | 'sync-access-handle' | 'indexed-db' | 'web-locks';

export function storageAsks(rootName: string): Record<StoragePart, () => Promise<unknown>> {
  return {
    opfs: () => navigator.storage.getDirectory(),
    'sync-access-handle': () => openOne().catch(unlessFull),
    'indexed-db': () => new IdbWitness(rootName).list().catch(unlessFull),
    'web-locks': () => navigator.locks.query(),
  };
}

async function openOne(): Promise<void> {
  const root = await navigator.storage.getDirectory();
  const name = `.varve-probe-${crypto.getRandomValues(new Uint32Array(2)).join('-')}`;
  const file = await root.getFileHandle(name, { create: true });
  try {
    (await file.createSyncAccessHandle()).close();
  } finally {
    await root.removeEntry(name).catch(() => undefined);
  }
}

/** A full disk refuses the bytes, not the part. */
function unlessFull(error: unknown): void {
  if (faultOf(error) !== 'no-space') throw error;
}

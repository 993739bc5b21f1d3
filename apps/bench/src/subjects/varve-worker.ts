/** Varve in the worker itself: the journal's store, called in the same thread. */
import type { Host } from '@varve/files';
import { createMemoryHost } from '@varve/files/memory';
import { createOpfsHost } from '@varve/files/opfs';
import { deleteStore, openStore } from '@varve/journal';
import { NullDirectory } from '../null-directory.ts';
import type { Place, Session, Subject } from '../subject.ts';
import { StoreSession } from './store-session.ts';

export function openSession(host: Host, { name, segmentSizeBytes }: Place): Promise<Session> {
  return StoreSession.open(
    () => openStore(host, name, { segmentSizeBytes }),
    () => deleteStore(host, name),
  );
}

export const varveWorker: Subject = {
  id: 'varve-worker',
  title: 'Varve, in the worker',
  kind: 'varve',
  caller: 'worker',
  promise: 'flushed',
  reads: 'view',
  values: 'raw',
  reopens: true,
  open: (place) => openSession(createOpfsHost({ rootName: 'bench-varve' }), place),
};

export const varveNull: Subject = {
  id: 'varve-null',
  title: 'Varve, in the worker, over a disk that does nothing',
  kind: 'varve-null',
  caller: 'worker',
  promise: 'nothing',
  reads: 'view',
  values: 'raw',
  // Nothing is there to be read.
  skips: ['replay-100b', 'replay-4k'],
  open: (place) => openSession({ ...createMemoryHost(), root: new NullDirectory() }, place),
};

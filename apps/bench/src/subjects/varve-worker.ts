/** Varve in the worker itself: the journal's store, called in the same thread. */
import { createMemoryHost } from '@varve/files/memory';
import { createOpfsHost } from '@varve/files/opfs';
import { NullDirectory } from '../null-directory.ts';
import type { Subject } from '../subject.ts';
import { openSession } from './store-session.ts';

export const varveWorker: Subject = {
  id: 'varve-worker',
  title: 'Varve, in the worker',
  kind: 'varve',
  caller: 'worker',
  promise: 'flushed',
  reads: 'view',
  values: 'raw',
  reopens: true,
  gets: true,
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
  skips: ['replay-100b', 'replay-4k', 'get-100b'],
  open: (place) => openSession({ ...createMemoryHost(), root: new NullDirectory() }, place),
};

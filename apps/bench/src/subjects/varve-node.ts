/** Varve in Node: the log with its engine in a worker thread, and the journal's store by itself. */
import { createNodeHost } from '@varve/files/node';
import { deleteStore, openLog } from 'varve/node';
import type { Subject } from '../subject.ts';
import { asBytes, LogSession, storeShape } from './log-session.ts';
import { openSession } from './store-session.ts';
import { varveNull } from './varve-worker.ts';

const facts = {
  kind: 'varve',
  caller: 'node',
  promise: 'flushed',
  reads: 'view',
  values: 'raw',
  gets: true,
} as const;

export const varveNode: Subject = {
  ...facts,
  id: 'varve-node',
  title: 'Varve, engine in a worker thread',
  async open(place) {
    const directory = place.folder!;
    const log = await openLog<Uint8Array>(place.name, {
      directory,
      codec: asBytes,
      ...storeShape(place),
    });
    return LogSession.ofBytes(log, () => deleteStore(place.name, { directory }));
  },
};

export const varveNodeStore: Subject = {
  ...facts,
  id: 'varve-node-store',
  title: 'Varve, the store in this thread',
  reopens: true,
  open: (place) => openSession(createNodeHost(place.folder!), place),
};

export const varveNodeNull: Subject = {
  ...varveNull,
  id: 'varve-node-null',
  caller: 'node',
  title: 'Varve, the store in this thread, over a disk that does nothing',
};

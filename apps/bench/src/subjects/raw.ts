/** A bare sync access handle in a worker. */
import { NullFile } from '../null-directory.ts';
import { countedFlushes } from '../platform/counted-flushes.ts';
import { openSyncHandle, removeEntry } from '../platform/opfs.ts';
import type { Subject } from '../subject.ts';
import { RawFile } from './raw-file.ts';

export const rawWorker: Subject = {
  id: 'raw-worker',
  title: 'raw sync access handle, in a worker',
  kind: 'raw',
  caller: 'worker',
  promise: 'flushed',
  reads: 'view',
  values: 'raw',
  gets: true,
  // A bare handle groups nothing by itself, and to do it for it would be to write a log.
  skips: ['free-64', 'free-8'],
  async open({ name }) {
    await removeEntry(name);
    return new RawFile(await openSyncHandle(name), countedFlushes, () => removeEntry(name));
  },
};

/** For what is behind messages: what the messages alone cost. */
export const rawNull: Subject = {
  ...rawWorker,
  id: 'raw-null',
  title: 'a disk that does nothing, in a worker',
  kind: 'raw-null',
  promise: 'nothing',
  skips: ['free-64', 'free-8', 'replay-100b', 'replay-4k', 'get-100b'],
  open: async () =>
    new RawFile(
      new NullFile(),
      () => 0,
      async () => undefined,
    ),
};

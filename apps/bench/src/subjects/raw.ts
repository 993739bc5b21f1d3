/** A bare sync access handle in a worker. */
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
  // A bare handle groups nothing by itself, and to do it for it would be to write a log.
  skips: ['free-64'],
  async open({ name }) {
    await removeEntry(name);
    return new RawFile(await openSyncHandle(name), countedFlushes, () => removeEntry(name));
  },
};

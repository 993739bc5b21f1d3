/**
 * Counts every flush of every sync access handle of this worker, whoever calls it.
 *
 * The count is the platform's own method, wrapped once: subjects cannot forget to count.
 */
import './opfs.ts';

let flushes = 0;

export function countFlushes(): void {
  const { prototype } = globalThis.FileSystemSyncAccessHandle;
  const flush = prototype.flush;
  prototype.flush = function (this: FileSystemSyncAccessHandle): void {
    flushes++;
    flush.call(this);
  };
}

export function countedFlushes(): number {
  return flushes;
}

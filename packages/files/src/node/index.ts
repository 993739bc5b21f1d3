/**
 * A host over a folder of the local file system, for Node.
 */
import { randomFillSync } from 'node:crypto';
import path from 'node:path';
import type { Host } from '../host.ts';
import { isClaimed } from './exclusive.ts';
import { NodeDirectory, OWN_FOLDERS } from './node-directory.ts';
import { NodeLocks } from './node-locks.ts';
import { NodeWitness } from './node-witness.ts';

/** `rootPath` holds one folder per store; it is made when the first one is. */
export function createNodeHost(rootPath: string): Host {
  const root = path.resolve(rootPath);
  return {
    kind: 'node',
    root: new NodeDirectory(root),
    clock: { nowMs: () => performance.now(), wallMs: () => Date.now() },
    random: { fill: (bytes) => void randomFillSync(bytes) },
    timers: {
      after(delayMs, task) {
        // Work in slices, that somebody waits for: a process must not end between two of them.
        if (delayMs === 0) {
          const turn = setImmediate(task);
          return () => clearImmediate(turn);
        }
        const timer = setTimeout(task, delayMs).unref();
        return () => clearTimeout(timer);
      },
    },
    locks: new NodeLocks(path.join(root, OWN_FOLDERS.locks)),
    witness: new NodeWitness(path.join(root, OWN_FOLDERS.witness)),
  };
}

/** Whether a process has the file open; `inRoot` is its path from the root, with `/`. Makes nothing. */
export function isFileInUse(rootPath: string, inRoot: string): Promise<boolean> {
  return isClaimed(path.join(path.resolve(rootPath), OWN_FOLDERS.locks), `file ${inRoot}`);
}

/**
 * A host over a folder of the local file system, for Node.
 */
import { randomFillSync } from 'node:crypto';
import path from 'node:path';
import type { Host } from '../host.ts';
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
        const timer = setTimeout(task, delayMs).unref();
        return () => clearTimeout(timer);
      },
    },
    locks: new NodeLocks(path.join(root, OWN_FOLDERS.locks)),
    witness: new NodeWitness(path.join(root, OWN_FOLDERS.witness)),
  };
}

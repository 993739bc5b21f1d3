/**
 * A host in memory: for `fallback: 'memory'` and for tests that need no crash.
 *
 * What it holds survives close and reopen inside the process, and nothing else.
 */
import type { Host, ViewingHost } from '../host.ts';
import { ambientClock, ambientRandom, ambientTimers } from './ambient.ts';
import { MemoryDirectory } from './directory.ts';
import { MemoryLocks } from './locks.ts';
import { MemoryWitness } from './witness.ts';

export { ambientClock, ambientRandom, ambientTimers } from './ambient.ts';
export { MemoryChannels } from './channels.ts';
export { MemoryInbox } from './inbox.ts';
export { MemoryLocks } from './locks.ts';

export interface MemoryHostOptions extends Partial<Omit<Host, 'kind' | 'root'>> {
  /** All files together may hold this many bytes; growth beyond it throws fault `no-space`. */
  readonly limitBytes?: number;
}

export function createMemoryHost(options: MemoryHostOptions = {}): Host & ViewingHost {
  const budget = { usedBytes: 0, limitBytes: options.limitBytes ?? Infinity };
  const root = new MemoryDirectory(budget);
  const locks = options.locks ?? new MemoryLocks();
  return {
    kind: 'memory',
    root,
    async isFree(name) {
      const lock = await locks.acquire(name, { ifAvailable: true });
      lock?.release();
      return lock !== undefined;
    },
    view: async (folder, file) => (await root.directory(folder, { create: false }))?.view(file),
    clock: options.clock ?? ambientClock,
    random: options.random ?? ambientRandom,
    timers: options.timers ?? ambientTimers,
    locks,
    witness: options.witness ?? new MemoryWitness(),
    ...(options.channels && { channels: options.channels }),
    ...(options.inbox && { inbox: options.inbox }),
  };
}

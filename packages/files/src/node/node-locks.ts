/**
 * Locks between processes: first come first served inside this process, by asking again between them.
 */
import type { Abort, HeldLock, Locks } from '../host.ts';
import { faultOf } from '../fault.ts';
import { MemoryLocks } from '../memory/locks.ts';
import { claim } from './exclusive.ts';

const FIRST_RETRY_MS = 10;
const LAST_RETRY_MS = 200;

export class NodeLocks implements Locks {
  readonly #locksPath: string;
  readonly #inside = new MemoryLocks();

  constructor(locksPath: string) {
    this.#locksPath = locksPath;
  }

  async acquire(
    name: string,
    options: { ifAvailable?: boolean; signal?: Abort } = {},
  ): Promise<HeldLock | undefined> {
    const inside = await this.#inside.acquire(name, options);
    if (inside === undefined) return undefined;
    try {
      for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
        const claimed = await claim(this.#locksPath, `lock ${name}`).catch(unlessBusy);
        if (claimed !== undefined && !options.signal?.aborted) {
          void inside.lost.then(() => claimed.release());
          return inside;
        }
        claimed?.release();
        if (options.signal?.aborted) throw options.signal.reason;
        if (options.ifAvailable) break;
        await pause(retryMs, options.signal);
      }
    } catch (error) {
      inside.release();
      throw error;
    }
    inside.release();
    return undefined;
  }
}

function unlessBusy(error: unknown): undefined {
  if (faultOf(error) !== 'busy') throw error;
}

/** Unlike the host's timers this one keeps the process alive: someone is waiting for the lock. */
function pause(delayMs: number, signal: Abort | undefined): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, delayMs);
    signal?.addEventListener('abort', finish);
  });
}

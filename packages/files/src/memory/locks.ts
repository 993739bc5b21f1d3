/**
 * Exclusive locks inside one process, first come first served.
 *
 * Always true: at most one `HeldLock` of a name is neither released nor lost.
 */
import type { Abort, HeldLock, Locks } from '../host.ts';

interface Waiter {
  grant(): void;
}

export class MemoryLocks implements Locks {
  readonly #queues = new Map<string, Waiter[]>();
  /** Who holds a name now: how to take it from them. */
  readonly #holders = new Map<string, () => void>();

  async acquire(
    name: string,
    options: { ifAvailable?: boolean; steal?: boolean; signal?: Abort } = {},
  ): Promise<HeldLock | undefined> {
    const { ifAvailable = false, steal = false, signal } = options;
    if (signal?.aborted) throw signal.reason;
    const queue = this.#queues.get(name);
    if (queue === undefined) {
      this.#queues.set(name, []);
      return this.#held(name);
    }
    if (steal) {
      this.#holders.get(name)?.();
      return this.#held(name);
    }
    if (ifAvailable) return undefined;
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        grant: () => {
          signal?.removeEventListener('abort', giveUp);
          resolve(this.#held(name));
        },
      };
      const giveUp = (): void => {
        queue.splice(queue.indexOf(waiter), 1);
        signal?.removeEventListener('abort', giveUp);
        reject(signal?.reason);
      };
      queue.push(waiter);
      signal?.addEventListener('abort', giveUp);
    });
  }

  #held(name: string): HeldLock {
    let held = true;
    let markLost = (): void => undefined;
    const lost = new Promise<void>((resolve) => {
      markLost = resolve;
    });
    this.#holders.set(name, () => {
      held = false;
      markLost();
    });
    const release = (): void => {
      if (!held) return;
      held = false;
      markLost();
      this.#holders.delete(name);
      const next = this.#queues.get(name)?.shift();
      if (next === undefined) this.#queues.delete(name);
      else next.grant();
    };
    return { release, lost };
  }
}

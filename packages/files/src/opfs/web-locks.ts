/**
 * The browser's Web Locks, shared by all tabs and workers of the origin.
 */
import type { Abort, HeldLock, Locks } from '../host.ts';

export class WebLocks implements Locks {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  acquire(
    name: string,
    options: { ifAvailable?: boolean; steal?: boolean; signal?: Abort } = {},
  ): Promise<HeldLock | undefined> {
    const { ifAvailable = false, steal = false, signal } = options;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const controller = new AbortController();
      const giveUp = (): void => controller.abort(signal?.reason);
      signal?.addEventListener('abort', giveUp);

      let markLost = (): void => undefined;
      const lost = new Promise<void>((done) => {
        markLost = done;
      });
      // The lock is held for as long as the promise that this returns is pending.
      const granted = (lock: Lock | null): Promise<void> | undefined => {
        signal?.removeEventListener('abort', giveUp);
        if (lock === null) {
          resolve(undefined);
          return undefined;
        }
        // A fresh Chromium worker may grant what was aborted in the same tick.
        if (signal?.aborted) {
          reject(signal.reason);
          return undefined;
        }
        return new Promise((release) => {
          resolve({ release, lost });
        });
      };
      // No two of them may be combined.
      const request = steal
        ? { steal }
        : ifAvailable
          ? { ifAvailable }
          : { signal: controller.signal };
      navigator.locks.request(this.#prefix + name, request, granted).then(markLost, (error) => {
        // Before the grant: aborted or refused. After it: stolen.
        signal?.removeEventListener('abort', giveUp);
        markLost();
        reject(error);
      });
    });
  }
}

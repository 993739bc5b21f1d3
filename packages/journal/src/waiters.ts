/**
 * Who waits for records to become visible: tails.
 */
import type { Abort } from '@varve/files';
import { VarveError } from '@varve/protocol';

interface Waiter {
  readonly after: number;
  readonly visibility: 'durable' | 'written';
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Waiters {
  private readonly waiting = new Set<Waiter>();

  /** Resolves at the next `wake` that shows a record beyond `after`. */
  wait(after: number, visibility: 'durable' | 'written', signal?: Abort): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.waiting.delete(waiter);
        reject(signal?.reason ?? new VarveError('ABORTED'));
      };
      const waiter: Waiter = {
        after,
        visibility,
        resolve: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort);
          reject(error);
        },
      };
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener('abort', onAbort);
      this.waiting.add(waiter);
    });
  }

  wake(durableLsn: number, writtenLsn: number): void {
    if (this.waiting.size === 0) return;
    for (const waiter of this.waiting) {
      const end = waiter.visibility === 'durable' ? durableLsn : writtenLsn;
      if (end <= waiter.after) continue;
      this.waiting.delete(waiter);
      waiter.resolve();
    }
  }

  rejectAll(error: VarveError): void {
    const all = [...this.waiting];
    this.waiting.clear();
    for (const waiter of all) waiter.reject(error);
  }
}

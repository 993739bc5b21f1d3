/**
 * What a worker says when storage is refused: which part, in bounded time, and nothing wrong about a
 * slow machine (`firstRefusal` has the rule).
 *
 * Always true:
 * - an open that goes well asks nothing extra; who fails, or takes longer than `LATE_MS`, makes
 *   every part be asked by itself
 * - what was given up as refused and comes after all is given back
 */
import type { Clock, Timers } from '@varve/files';
import { VarveError, firstRefusal, isVarveError, storageDenied } from '@varve/protocol';
import type { Refusal, StorageAsks } from '@varve/protocol';

const LATE_MS = 1000;

export class StorageGuard {
  readonly #time: Clock & Timers;
  readonly #asks: StorageAsks;
  readonly #startAsks: StorageAsks;
  #atStart: Promise<Refusal | undefined> | undefined;

  /** @param startAsks what is asked at once: that which comes before anything can be opened */
  constructor(time: Clock & Timers, asks: StorageAsks, startAsks: StorageAsks) {
    this.#time = time;
    this.#asks = asks;
    this.#startAsks = startAsks;
    this.#atStart = this.#ask(startAsks);
  }

  /** @throws STORAGE_DENIED */
  async started(): Promise<void> {
    const asked = this.#atStart ?? this.#ask(this.#startAsks);
    this.#atStart = undefined;
    const refused = await asked;
    if (refused !== undefined) throw storageDenied(refused);
  }

  /** Was it a refusal that made something fail? Then STORAGE_DENIED naming the part. */
  async refusal(error: unknown): Promise<VarveError | undefined> {
    if (isVarveError(error, 'STORAGE_DENIED') && 'part' in error.facts) return error;
    if (error instanceof VarveError && !['IO_ERROR', 'STORAGE_DENIED'].includes(error.code)) {
      return undefined;
    }
    const refused = await this.#ask(this.#asks);
    return refused && storageDenied(refused, error);
  }

  /** `work`, unless storage turns out to be refused first. @throws STORAGE_DENIED, and what `work` does */
  watch<T>(work: Promise<T>, giveBack: (late: T) => unknown = () => undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const cancel = this.#time.after(LATE_MS, () => {
        void this.#ask(this.#asks).then((refused) => {
          if (refused === undefined || isOver) return;
          reject(storageDenied(refused));
          void work.then(giveBack).catch(() => undefined);
        });
      });
      const over = (): void => {
        isOver = true;
        cancel();
      };
      work.finally(over).then(resolve, reject);
    });
  }

  #ask(asks: StorageAsks): Promise<Refusal | undefined> {
    return firstRefusal(asks, {
      nowMs: () => this.#time.nowMs(),
      after: (delayMs, task) => this.#time.after(delayMs, task),
    });
  }
}

/**
 * What a worker says when storage is refused: which part, in bounded time, and nothing wrong about a
 * slow machine (`firstRefusal` has the rule).
 *
 * Always true:
 * - an open that goes well asks nothing extra; who fails, or takes longer than `LATE_MS`, makes
 *   every part be asked by itself
 * - what was given up as refused and comes after all is given back
 * - a client that takes memory instead waits for a silent part longer: a slow disk is no reason to
 *   keep its records nowhere
 */
import type { Clock, Timers } from '@varve/files';
import {
  PATIENCE_MS,
  VarveError,
  firstRefusal,
  isVarveError,
  storageDenied,
} from '@varve/protocol';
import type { Refusal, StorageAsks } from '@varve/protocol';

const LATE_MS = 100;
const SILENCE_MS = 300;

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
    this.#atStart = this.#ask(startAsks, false);
  }

  /** @throws STORAGE_DENIED */
  async started(patient: boolean): Promise<void> {
    const asked = this.#atStart ?? this.#ask(this.#startAsks, patient);
    this.#atStart = undefined;
    let refused = await asked;
    if (patient && refused?.reason === 'no-answer') {
      refused = await this.#ask(this.#startAsks, patient);
    }
    if (refused !== undefined) throw storageDenied(refused);
  }

  /** Was it a refusal that made something fail? Then STORAGE_DENIED naming the part. */
  async refusal(error: unknown): Promise<VarveError | undefined> {
    if (isVarveError(error, 'STORAGE_DENIED') && 'part' in error.facts) return error;
    if (error instanceof VarveError && !['IO_ERROR', 'STORAGE_DENIED'].includes(error.code)) {
      return undefined;
    }
    const refused = await this.#ask(this.#asks, false);
    return refused && storageDenied(refused, error);
  }

  /** `work`, unless storage turns out to be refused first. @throws STORAGE_DENIED, and what `work` does */
  watch<T>(
    work: Promise<T>,
    patient: boolean,
    giveBack: (late: T) => unknown = () => undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const cancel = this.#time.after(LATE_MS, () => {
        void this.#ask(this.#asks, patient).then((refused) => {
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

  #ask(asks: StorageAsks, patient: boolean): Promise<Refusal | undefined> {
    return firstRefusal(asks, {
      nowMs: () => this.#time.nowMs(),
      after: (delayMs, task) => this.#time.after(delayMs, task),
      silenceMs: patient ? PATIENCE_MS : SILENCE_MS,
    });
  }
}

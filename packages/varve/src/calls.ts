/**
 * Calls that wait for the engine.
 *
 * Always true: each settles, by its answer, by its deadline, or by the engine's end.
 */
import { VarveError } from '@varve/protocol';

type Fail = (error: Error) => void;

export class Calls {
  readonly #deadlineMs: number;
  readonly #waiting = new Set<Fail>();
  #ended: Error | undefined;

  constructor(deadlineMs: number) {
    this.#deadlineMs = deadlineMs;
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  /** `send` is told how to settle the call. */
  run<T>(
    send: (resolve: (value: T) => void, reject: Fail) => void,
    deadlineMs = this.#deadlineMs,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(fail);
      };
      const fail: Fail = (error) => {
        done();
        reject(error);
      };
      const timeout = (): void =>
        fail(new VarveError('TIMEOUT', undefined, { facts: { deadlineMs } }));
      // A tail waits for the future: it has no deadline.
      const timer = deadlineMs < Infinity ? setTimeout(timeout, deadlineMs) : undefined;
      this.#waiting.add(fail);
      send((value) => {
        done();
        resolve(value);
      }, fail);
    });
  }

  /** Whatever waits, and whatever comes, is rejected with `error`. Idempotent. */
  end(error: Error): void {
    this.#ended ??= error;
    for (const fail of this.#waiting) fail(this.#ended);
  }
}

/**
 * Calls that wait for the engine.
 *
 * Always true: each settles, by its answer, by its deadline, or by the engine's end.
 */
import { VarveError } from '@varve/protocol';

type Fail = (error: Error) => void;

export interface Calls {
  isOpen(): boolean;
  /** `send` is told how to settle the call. */
  run<T>(
    send: (resolve: (value: T) => void, reject: Fail) => void,
    deadlineMs?: number,
  ): Promise<T>;
  /** Whatever waits, and whatever comes, is rejected with `error`. Idempotent. */
  end(error: Error): void;
}

export function newCalls(usualDeadlineMs: number): Calls {
  const waiting = new Set<Fail>();
  let ended: Error | undefined;
  return {
    isOpen: () => !ended,
    run: (send, deadlineMs = usualDeadlineMs) =>
      new Promise((resolve, reject) => {
        if (ended) throw ended;
        const done = (): void => {
          clearTimeout(timer);
          waiting.delete(fail);
        };
        const fail: Fail = (error) => {
          done();
          reject(error);
        };
        // A tail waits for the future: it has no deadline.
        const timer =
          deadlineMs < Infinity
            ? setTimeout(
                () => fail(new VarveError('TIMEOUT', undefined, { facts: { deadlineMs } })),
                deadlineMs,
              )
            : undefined;
        waiting.add(fail);
        send((value) => {
          done();
          resolve(value);
        }, fail);
      }),
    end(error) {
      ended ??= error;
      for (const fail of waiting) fail(ended);
    },
  };
}

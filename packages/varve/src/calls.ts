/**
 * Calls that wait for the engine.
 *
 * Always true: each settles, by its answer, by its deadline, or by the engine's end.
 */
import { VarveError } from '@varve/protocol';

/** Without an error: the deadline passed. */
type Fail = (error?: Error) => void;

export interface Calls {
  isOpen(): boolean;
  /** `send` is told how to settle the call. */
  run<T>(
    send: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
    deadlineMs?: number,
  ): Promise<T>;
  /** Whatever waits, and whatever comes, is rejected with `error`. Idempotent. */
  end(error: Error): void;
}

/** A timer that waits longer is asked again then: browsers count in 31 bits. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export function newCalls(usualDeadlineMs: number): Calls {
  /** Who waits, and until when. */
  const waiting = new Map<Fail, number>();
  let ended: Error | undefined;
  /** One for all calls: one for each would be a good part of what an append costs. */
  let timer: ReturnType<typeof setTimeout> | undefined;
  let timerDueMs = Infinity;
  return {
    isOpen: () => !ended,
    run: (send, deadlineMs = usualDeadlineMs) =>
      new Promise((resolve, reject) => {
        if (ended) throw ended;
        const fail: Fail = (
          error = new VarveError('TIMEOUT', undefined, { facts: { deadlineMs } }),
        ) => {
          waiting.delete(fail);
          reject(error);
        };
        const dueMs = performance.now() + deadlineMs;
        waiting.set(fail, dueMs);
        watch(dueMs);
        send((value) => {
          waiting.delete(fail);
          resolve(value);
        }, fail);
      }),
    end(error) {
      ended ??= error;
      clearTimeout(timer);
      for (const fail of waiting.keys()) fail(ended);
    },
  };

  /** A tail waits for the future: it has no deadline. */
  function watch(dueMs: number): void {
    if (dueMs >= timerDueMs) return;
    clearTimeout(timer);
    timerDueMs = dueMs;
    timer = setTimeout(look, Math.min(dueMs - performance.now(), TIMER_MAX_MS));
  }

  function look(): void {
    timerDueMs = Infinity;
    for (const [fail, dueMs] of waiting) {
      if (dueMs > performance.now()) watch(dueMs);
      else fail();
    }
  }
}

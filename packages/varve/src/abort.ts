/** AbortSignals, turned into `ABORTED`. */
import { VarveError, badArgument } from '@varve/protocol';
import type { Outcome } from '@varve/protocol';

export function aborted(signal: AbortSignal, outcome?: Outcome): VarveError {
  return new VarveError('ABORTED', undefined, { cause: signal.reason, outcome });
}

/** @throws BAD_ARGUMENT, too: what cannot be listened to would be found out when half is done. */
export function throwIfAborted(signal: AbortSignal | undefined, outcome?: Outcome): void {
  if (signal && !signal.addEventListener) throw badArgument('signal', 'an AbortSignal');
  if (signal?.aborted) throw aborted(signal, outcome);
}

/** Settles with `promise`, or rejects `ABORTED` when the signal comes first. Leaves no listener behind. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(aborted(signal));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

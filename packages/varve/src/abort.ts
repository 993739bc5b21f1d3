/** AbortSignals, turned into `ABORTED`. */
import { VarveError, checkArgument } from '@varve/protocol';
import type { Outcome } from '@varve/protocol';

export function aborted(signal: AbortSignal, outcome?: Outcome): VarveError {
  return new VarveError('ABORTED', undefined, { cause: signal.reason, outcome });
}

/** @throws BAD_ARGUMENT, too: what cannot be listened to would be found out when half is done. */
export function throwIfAborted(signal: AbortSignal | undefined, outcome?: Outcome): void {
  checkSignal(signal);
  if (signal?.aborted) throw aborted(signal, outcome);
}

export function checkSignal(signal: AbortSignal | undefined): void {
  checkArgument(signal === undefined || !!signal?.addEventListener, 'signal', 'an AbortSignal');
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

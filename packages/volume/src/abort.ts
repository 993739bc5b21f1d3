/** A caller's signal: what it ends, and what is told then. */
import type { Abort } from '@varve/files';
import { isVarveError, VarveError } from '@varve/protocol';

export function abortReason({ reason }: Abort, outcome: 'not-written' | 'unknown'): Error {
  if (reason instanceof Error && !isVarveError(reason)) return reason;
  return new VarveError('ABORTED', undefined, { cause: reason, outcome });
}

/** The signal ends the waiting, not what is waited for. */
export function orAborted<T>(promise: Promise<T>, signal: Abort | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(abortReason(signal, 'unknown'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    const done = (): void => signal.removeEventListener('abort', abort);
    promise.then(resolve, reject).finally(done);
  });
}

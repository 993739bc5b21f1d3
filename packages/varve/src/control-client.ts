/**
 * Control calls from the page. The only file here that knows comlink.
 *
 * Always true: the root proxy is held for the client's life, and let go of explicitly: comlink drops
 * the answer of a call whose proxy was collected meanwhile.
 */
import { releaseProxy, transfer, wrap } from 'comlink';
import { VarveError, fromWire } from '@varve/protocol';
import type { CallTable, ControlCalls, ControlRoot } from '@varve/protocol';
import type { Calls } from './calls.ts';

/**
 * Giving a store back takes milliseconds, or for ever: Chromium does not return from closing a handle
 * whose file was cleared away in that very moment.
 */
const DEADLINES_MS: { readonly [method: string]: number } = { close: 5000, park: 2500 };

/** @typeParam C what this kind of engine offers */
export interface ControlClient<C extends CallTable<C> = ControlCalls> {
  call<M extends keyof C & string>(method: M, ...args: Parameters<C[M]>): Promise<ReturnType<C[M]>>;
  release(): void;
}

export function controlClient<C extends CallTable<C>>(
  port: MessagePort,
  calls: Calls,
): ControlClient<C> {
  const root = wrap<ControlRoot>(port);
  return {
    call: <M extends keyof C & string>(method: M, ...args: Parameters<C[M]>) =>
      calls.run<ReturnType<C[M]>>((resolve, reject) => {
        // Bytes are given away only where the engine keeps nothing of ours: pieces of a stream.
        const bytes = method === 'write' ? [(args[1] as Uint8Array<ArrayBuffer>).buffer] : [];
        root
          .call(transfer({ method, args }, bytes))
          .then((it) =>
            it.ok ? resolve(it.value as ReturnType<C[M]>) : reject(fromWire(it.error)),
          )
          // What cannot be cloned was never sent; of an answer like that there comes nothing to read.
          .catch((cause: unknown) =>
            reject(new VarveError('BAD_ARGUMENT', `${method}: cannot be sent`, { cause })),
          );
      }, DEADLINES_MS[method]),
    release: () => root[releaseProxy](),
  };
}

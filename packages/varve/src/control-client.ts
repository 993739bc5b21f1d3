/**
 * Control calls from the page. The only file here that knows comlink.
 *
 * Always true: the root proxy is held for the client's life, and let go of explicitly: comlink drops
 * the answer of a call whose proxy was collected meanwhile.
 */
import { releaseProxy, transfer, wrap } from 'comlink';
import { VarveError, fromWire } from '@varve/protocol';
import type { ControlAnswer, ControlCalls, ControlMethod, ControlRoot } from '@varve/protocol';
import type { Calls } from './calls.ts';

/**
 * Giving a store back takes milliseconds, or for ever: Chromium does not return from closing a handle
 * whose file was cleared away in that very moment.
 */
const DEADLINES_MS: { readonly [M in ControlMethod]?: number } = { close: 5000, park: 2500 };

export interface ControlClient {
  call<M extends ControlMethod>(
    method: M,
    ...args: Parameters<ControlCalls[M]>
  ): Promise<ReturnType<ControlCalls[M]>>;
  release(): void;
}

export function controlClient(port: MessagePort, calls: Calls): ControlClient {
  const root = wrap<ControlRoot>(port);
  return {
    call: (method, ...args) =>
      calls.run((resolve, reject) => {
        // Bytes are given away only where the engine keeps nothing of ours: pieces of a stream.
        const bytes = method === 'write' ? [(args[1] as Uint8Array<ArrayBuffer>).buffer] : [];
        const answer: Promise<ControlAnswer<unknown>> = root.call(
          transfer({ method, args }, bytes),
        );
        answer
          .then((it) =>
            it.ok
              ? resolve(it.value as ReturnType<ControlCalls[typeof method]>)
              : reject(fromWire(it.error)),
          )
          // What cannot be cloned was never sent; of an answer like that there comes nothing to read.
          .catch((cause: unknown) =>
            reject(new VarveError('BAD_ARGUMENT', `${method}: cannot be sent`, { cause })),
          );
      }, DEADLINES_MS[method]),
    release: () => root[releaseProxy](),
  };
}

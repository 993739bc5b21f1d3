/**
 * Control calls from the page. The only file here that knows comlink.
 *
 * Always true: the root proxy is held for the client's life, and let go of explicitly: comlink drops
 * the answer of a call whose proxy was collected meanwhile.
 */
import { releaseProxy, transfer, wrap } from 'comlink';
import type { Remote } from 'comlink';
import { VarveError, fromWire } from '@varve/protocol';
import type { ControlAnswer, ControlCalls, ControlMethod, ControlRoot } from '@varve/protocol';
import type { Calls } from './calls.ts';

export class ControlClient {
  readonly #root: Remote<ControlRoot>;
  readonly #calls: Calls;

  constructor(port: MessagePort, calls: Calls) {
    this.#root = wrap<ControlRoot>(port);
    this.#calls = calls;
  }

  call<M extends ControlMethod>(
    method: M,
    ...args: Parameters<ControlCalls[M]>
  ): Promise<ReturnType<ControlCalls[M]>> {
    type Value = ReturnType<ControlCalls[M]>;
    return this.#calls.run((resolve, reject) => {
      // Bytes are given away only where the engine keeps nothing of ours: pieces of a stream.
      const bytes = method === 'write' ? [(args[1] as Uint8Array<ArrayBuffer>).buffer] : [];
      const answer: Promise<ControlAnswer<unknown>> = this.#root.call(
        transfer({ method, args }, bytes),
      );
      answer.then(
        (it) => (it.ok ? resolve(it.value as Value) : reject(fromWire(it.error))),
        // What cannot be cloned was never sent.
        (cause: unknown) =>
          reject(new VarveError('BAD_ARGUMENT', `${method}: cannot be sent`, { cause })),
      );
    });
  }

  release(): void {
    this.#root[releaseProxy]();
  }
}

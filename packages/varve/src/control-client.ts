/**
 * Control calls from the page. The only file here that knows comlink.
 *
 * Always true:
 * - the root proxy is held for the client's life: comlink drops the answer of a call whose proxy was
 *   collected meanwhile
 * - every call ends: by its answer, by its deadline, or by the end of the link
 */
import { releaseProxy, transfer, wrap } from 'comlink';
import type { Remote } from 'comlink';
import { VarveError, fromWire } from '@varve/protocol';
import type { ControlAnswer, ControlCalls, ControlMethod, ControlRoot } from '@varve/protocol';

export class ControlClient {
  readonly #root: Remote<ControlRoot>;
  readonly #port: MessagePort;
  readonly #deadlineMs: number;
  readonly #waiting = new Set<(error: Error) => void>();
  #ended: Error | undefined;

  constructor(port: MessagePort, deadlineMs: number) {
    this.#port = port;
    this.#root = wrap<ControlRoot>(port);
    this.#deadlineMs = deadlineMs;
  }

  call<M extends ControlMethod>(
    method: M,
    ...args: Parameters<ControlCalls[M]>
  ): Promise<ReturnType<ControlCalls[M]>> {
    return this.callWithin(this.#deadlineMs, method, ...args);
  }

  callWithin<M extends ControlMethod>(
    deadlineMs: number,
    method: M,
    ...args: Parameters<ControlCalls[M]>
  ): Promise<ReturnType<ControlCalls[M]>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const timeout = (): void =>
        fail(new VarveError('TIMEOUT', undefined, { facts: { method, deadlineMs } }));
      const timer = setTimeout(timeout, deadlineMs);
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(fail);
      };
      const fail = (error: Error): void => {
        done();
        reject(error);
      };
      this.#waiting.add(fail);
      // Bytes are given away only where the engine keeps nothing of ours: pieces of a stream.
      const bytes = method === 'write' ? [(args[1] as Uint8Array<ArrayBuffer>).buffer] : [];
      const request = transfer({ method, args }, bytes);
      (this.#root.call(request) as Promise<ControlAnswer<ReturnType<ControlCalls[M]>>>).then(
        (answer) => {
          if (!answer.ok) return fail(fromWire(answer.error));
          done();
          resolve(answer.value);
        },
        fail,
      );
    });
  }

  /** Ends the link; whatever waits is rejected with `error`. Idempotent. */
  end(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    for (const fail of this.#waiting) fail(error);
    this.#root[releaseProxy]();
    this.#port.close();
  }
}

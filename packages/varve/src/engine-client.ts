/**
 * A running engine, wherever it runs: the way to it, and its death.
 *
 * Always true: an engine that does not answer, ends or is ended fails everything that waits for it;
 * it never comes back, a new one is started.
 */
import { PROTOCOL_VERSION, VarveError } from '@varve/protocol';
import type { Hello, HelloAnswer } from '@varve/protocol';
import { Calls } from './calls.ts';
import { ControlClient } from './control-client.ts';
import { DataLink } from './data-link.ts';

/** A worker, or what stands for one. */
export interface EngineProcess {
  readonly url: string;
  /** Ours alone: an error in it is our own, and it ends with us. */
  readonly isOwn: boolean;
  post(message: Hello<MessagePort>, ports: MessagePort[]): void;
  /** `listener` hears why it ended, loading included. */
  onEnd(listener: (reason: unknown) => void): void;
  terminate(): unknown;
}

const HELLO_TIMEOUT_MS = 5000;

export class EngineClient {
  readonly control: ControlClient;
  readonly data: DataLink;
  /** Called once when the engine died by itself. */
  onDied: (error: VarveError) => void = () => undefined;
  readonly #process: EngineProcess;
  readonly #calls: Calls;
  readonly #ports: readonly MessagePort[];
  readonly #watch = new AbortController();

  private constructor(process: EngineProcess, deadlineMs: number) {
    const control = new MessageChannel();
    const data = new MessageChannel();
    this.#process = process;
    this.#ports = [control.port1, data.port1];
    this.#calls = new Calls(deadlineMs);
    this.control = new ControlClient(control.port1, this.#calls);
    this.data = new DataLink(data.port1, this.#calls);
    this.data.onDropped = (cause) => this.#died('BAD_MESSAGE', cause);
    const hello = { kind: 'varve:hello', version: PROTOCOL_VERSION } as const;
    const ports = { control: control.port2, data: data.port2 };
    process.post({ ...hello, ...ports }, [ports.control, ports.data]);
  }

  /** @throws WORKER_LOAD_FAILED, UNSUPPORTED_VERSION */
  static async start(process: EngineProcess, deadlineMs: number): Promise<EngineClient> {
    const client = new EngineClient(process, deadlineMs);
    try {
      await client.#handshake();
    } catch (error) {
      client.end();
      throw error;
    }
    return client;
  }

  /** Ends the engine's process. Idempotent. */
  end(reason = new VarveError('CLOSED', undefined, { outcome: 'not-written' })): void {
    if (!this.#calls.isOpen) return;
    this.#calls.end(reason);
    this.#watch.abort();
    this.control.release();
    for (const port of this.#ports) port.close();
    this.#process.terminate();
  }

  async #handshake(): Promise<void> {
    const { version, lifeLock } = await this.#hello();
    if (version !== PROTOCOL_VERSION) {
      throw new VarveError('UNSUPPORTED_VERSION', 'page and worker are of different versions', {
        facts: { page: PROTOCOL_VERSION, worker: version },
      });
    }
    if (lifeLock === undefined) return;
    // A terminated worker sends no event, but the lock it held comes free.
    const { signal } = this.#watch;
    navigator.locks
      .request(lifeLock, { signal }, () => this.#died('WORKER_DIED'))
      .catch(() => undefined);
  }

  #hello(): Promise<HelloAnswer> {
    return new Promise((resolve, reject) => {
      const fail = (cause: unknown): void => {
        const { url } = this.#process;
        reject(
          new VarveError(
            'WORKER_LOAD_FAILED',
            "the worker did not start. Vite's dev server needs optimizeDeps: " +
              "{ exclude: ['varve'] }; any bundler can do with openLog(name, { worker })",
            { facts: { url }, cause, outcome: 'not-written' },
          ),
        );
      };
      const timer = setTimeout(fail, HELLO_TIMEOUT_MS, 'no answer in time');
      this.data.onHello = (answer) => {
        clearTimeout(timer);
        resolve(answer);
      };
      this.#process.onEnd((reason) => {
        clearTimeout(timer);
        fail(reason);
        // An application's own worker may have errors that are none of ours.
        if (this.#process.isOwn) this.#died('WORKER_DIED', reason);
      });
    });
  }

  #died(code: 'WORKER_DIED' | 'BAD_MESSAGE', cause?: unknown): void {
    if (!this.#calls.isOpen) return;
    const error = new VarveError(code, undefined, { cause, outcome: 'unknown' });
    this.end(error);
    this.onDied(error);
  }
}

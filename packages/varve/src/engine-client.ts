/**
 * A running engine, wherever it runs: the way to it, and its death.
 *
 * Always true: an engine that does not answer, ends or is ended fails everything that waits for it;
 * it never comes back, a new one is started.
 */
import { PROTOCOL_VERSION, VarveError } from '@varve/protocol';
import type { Hello } from '@varve/protocol';
import { ControlClient } from './control-client.ts';
import { DataLink } from './data-link.ts';

/** A worker, or what stands for one. */
export interface EngineProcess {
  readonly url: string;
  /** Ours alone: an error in it is our own, and it ends with us. */
  readonly isOwn: boolean;
  post(message: Hello<MessagePort>, ports: MessagePort[]): void;
  /** `listener` hears once why it ended, loading included. */
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
  readonly #watch = new AbortController();
  #ended = false;

  private constructor(process: EngineProcess, deadlineMs: number) {
    const control = new MessageChannel();
    const data = new MessageChannel();
    this.#process = process;
    this.control = new ControlClient(control.port1, deadlineMs);
    this.data = new DataLink(data.port1, deadlineMs);
    this.data.onDropped = (cause) =>
      this.#died('BAD_MESSAGE', 'the engine dropped the connection', cause);
    const ports = [control.port2, data.port2];
    process.post(
      { kind: 'varve:hello', version: PROTOCOL_VERSION, control: control.port2, data: data.port2 },
      ports,
    );
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
    if (this.#ended) return;
    this.#ended = true;
    this.#watch.abort();
    this.control.end(reason);
    this.data.end(reason);
    this.#process.terminate();
  }

  async #handshake(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const failed = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(this.#loadFailed('no answer in time')), HELLO_TIMEOUT_MS);
      this.#process.onEnd((reason) => {
        reject(this.#loadFailed(reason));
        // An application's own worker may have errors that are none of ours.
        if (this.#process.isOwn) this.#died('WORKER_DIED', undefined, reason);
      });
    });
    const { version, lifeLock } = await Promise.race([this.data.hello, failed]).finally(() =>
      clearTimeout(timer),
    );
    if (version !== PROTOCOL_VERSION) {
      throw new VarveError('UNSUPPORTED_VERSION', 'page and worker come from different versions', {
        facts: { page: PROTOCOL_VERSION, worker: version },
      });
    }
    if (lifeLock !== undefined) this.#awaitDeath(lifeLock);
  }

  /** A terminated worker sends no event, but the lock it held comes free. */
  #awaitDeath(lifeLock: string): void {
    const { signal } = this.#watch;
    navigator.locks
      .request(lifeLock, { signal }, () => this.#died('WORKER_DIED'))
      .catch(() => undefined);
  }

  #died(code: 'WORKER_DIED' | 'BAD_MESSAGE', message?: string, cause?: unknown): void {
    if (this.#ended) return;
    const error = new VarveError(code, message, { cause, outcome: 'unknown' });
    this.end(error);
    this.onDied(error);
  }

  #loadFailed(cause: unknown): VarveError {
    const { url } = this.#process;
    return new VarveError(
      'WORKER_LOAD_FAILED',
      `the worker did not start. With Vite's dev server: optimizeDeps: { exclude: ['varve'] }. ` +
        'With another bundler or a strict policy: openLog(name, { worker })',
      { facts: { url }, cause, outcome: 'not-written' },
    );
  }
}

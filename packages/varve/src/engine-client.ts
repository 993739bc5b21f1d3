/**
 * A running engine, wherever it runs: the way to it, and its death.
 *
 * Always true: an engine that does not answer, ends or is ended fails everything that waits for it;
 * it never comes back, a new one is started.
 */
import { PROTOCOL_VERSION, VarveError } from '@varve/protocol';
import type { CallTable, ControlCalls, Hello, HelloAnswer } from '@varve/protocol';
import type { DataPort, Transport } from './api.ts';
import { newCalls } from './calls.ts';
import { controlClient } from './control-client.ts';
import type { ControlClient } from './control-client.ts';
import { dataLink } from './data-link.ts';
import type { DataLink } from './data-link.ts';

/** A worker, or what stands for one. */
export interface EngineProcess {
  readonly url: string;
  /** Ours alone: an error in it is our own, and it ends with us. */
  readonly isOwn: boolean;
  /** How long it may be silent at first, ms. One that fails in words is told at once. */
  readonly silenceMs: number;
  /** Its own channel, when nobody else uses it: a port beside it is slower, in Firefox by far. */
  readonly channel?: DataPort;
  post(message: Hello<MessagePort>, ports: MessagePort[]): void;
  /** `listener` hears why it ended, loading included. */
  onEnd(listener: (reason: unknown) => void): void;
  terminate(): unknown;
}

export interface EngineClient<C extends CallTable<C> = ControlCalls> {
  readonly control: ControlClient<C>;
  readonly data: DataLink;
  /** Called once when the engine died by itself. */
  onDied: (error: VarveError) => void;
  /** It stands still for good: as if it had died. */
  giveUp(cause: unknown): void;
  /** Ends the engine's process. Idempotent. */
  end(reason?: VarveError): void;
}

/** @throws WORKER_LOAD_FAILED, UNSUPPORTED_VERSION */
export async function startEngine<C extends CallTable<C> = ControlCalls>(
  process: EngineProcess,
  deadlineMs: number,
  transport: Transport = (port) => port,
): Promise<EngineClient<C>> {
  const controlPorts = new MessageChannel();
  const dataPorts = process.channel ? undefined : new MessageChannel();
  const calls = newCalls(deadlineMs);
  const watch = new AbortController();
  const control = controlClient<C>(controlPorts.port1, calls);
  const port = process.channel ?? dataPorts!.port1;
  // A worker that serves others as well is not to stand still for us.
  const data = dataLink(process.isOwn ? transport(port, watch.signal) : port, calls);
  const client: EngineClient<C> = {
    control,
    data,
    onDied: () => undefined,
    giveUp: (cause) => died('WORKER_DIED', cause),
    end,
  };
  data.onDropped = (cause) => died('BAD_MESSAGE', cause);
  try {
    const { version, lifeLock } = await new Promise(hello);
    if (version !== PROTOCOL_VERSION) {
      throw new VarveError('UNSUPPORTED_VERSION', 'page and worker are of different versions', {
        facts: { page: PROTOCOL_VERSION, worker: version },
      });
    }
    if (lifeLock) {
      // A terminated worker sends no event, but the lock it held comes free. In a page whose origin
      // was cleared, locks are others than a new worker's: there it is free from the beginning.
      const { signal } = watch;
      const { locks } = navigator;
      locks
        .request(lifeLock, { ifAvailable: true }, (free) =>
          free ? undefined : locks.request(lifeLock, { signal }, () => died('WORKER_DIED')),
        )
        .catch(() => undefined);
    }
    return client;
  } catch (error) {
    end();
    throw error;
  }

  function hello(resolve: (answer: HelloAnswer) => void, reject: (error: Error) => void): void {
    const { url } = process;
    const fail = (cause?: unknown): void =>
      reject(
        new VarveError(
          'WORKER_LOAD_FAILED',
          "Vite's dev server needs optimizeDeps: { exclude: ['varve'] }; " +
            'others openLog(name, { worker })',
          { facts: { url }, cause, outcome: 'not-written' },
        ),
      );
    const timer = setTimeout(fail, process.silenceMs);
    data.onHello = (answer) => {
      clearTimeout(timer);
      resolve(answer);
    };
    process.onEnd((reason) => {
      clearTimeout(timer);
      fail(reason);
      // An application's own worker may have errors that are none of ours.
      if (process.isOwn) died('WORKER_DIED', reason);
    });
    const ports = { control: controlPorts.port2, ...(dataPorts && { data: dataPorts.port2 }) };
    process.post(
      { kind: 'varve:hello', version: PROTOCOL_VERSION, ...ports },
      Object.values(ports),
    );
  }

  function end(reason = new VarveError('CLOSED', undefined, { outcome: 'not-written' })): void {
    if (!calls.isOpen()) return;
    calls.end(reason);
    watch.abort();
    control.release();
    controlPorts.port1.close();
    dataPorts?.port1.close();
    process.terminate();
  }

  function died(code: 'WORKER_DIED' | 'BAD_MESSAGE', cause?: unknown): void {
    if (!calls.isOpen()) return;
    const error = new VarveError(code, undefined, { cause, outcome: 'unknown' });
    end(error);
    client.onDied(error);
  }
}

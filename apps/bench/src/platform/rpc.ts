/**
 * Questions and answers over a port, for setting up and collecting only: nothing that is timed
 * goes through here.
 */
import { describe } from './describe.ts';

interface Question {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: string;
}

export type Methods = Record<string, (argument: never) => unknown>;

/** A worker as its own scope sees it. */
interface Scope {
  addEventListener(type: 'message', listener: (event: MessageEvent<Question>) => void): void;
  postMessage(message: unknown): void;
}

export function answer(port: Scope, methods: Methods): void {
  port.addEventListener('message', (event) => {
    const { id, method, argument } = event.data;
    if (typeof id !== 'number' || !(method in methods)) return;
    const run = async (): Promise<unknown> => methods[method]!(argument as never);
    run().then(
      (value) => port.postMessage({ id, value } satisfies Answer),
      (error: unknown) => port.postMessage({ id, failure: describe(error) } satisfies Answer),
    );
  });
}

/** Returns how to ask `worker`; a worker that fails rejects everything that waits. */
export function asker(worker: Worker): <T>(method: string, argument?: unknown) => Promise<T> {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  worker.addEventListener('message', (event: MessageEvent<Answer>) => {
    const { id, value, failure } = event.data;
    const asked = waiting.get(id);
    if (asked === undefined) return;
    waiting.delete(id);
    if (failure === undefined) asked.resolve(value);
    else asked.reject(new Error(failure));
  });
  worker.addEventListener('error', (event) => {
    for (const asked of waiting.values()) asked.reject(new Error(`worker: ${event.message}`));
    waiting.clear();
  });
  return <T>(method: string, argument?: unknown) => {
    const asked = Promise.withResolvers<unknown>();
    const id = ++lastId;
    waiting.set(id, asked);
    worker.postMessage({ id, method, argument } satisfies Question);
    return asked.promise as Promise<T>;
  };
}

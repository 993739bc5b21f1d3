/**
 * Varve's engine over a disk that does nothing, its client in the same thread: messages are handed
 * over as they are, so that nothing of what is counted is structured clone's.
 */
import { receiveHello, type EngineServices } from '@varve/engine';
import { createMemoryHost } from '@varve/files/memory';
import { deleteStore, importStore, listStores, openStore } from '@varve/journal';
import {
  PROTOCOL_VERSION,
  type AppendMessage,
  type GivenRequest,
  type Port,
} from '@varve/protocol';
import { NullDirectory } from '../null-directory.ts';

type Listener = (event: { readonly data?: unknown }) => void;

class DirectPort implements Port {
  readonly #listeners = new Set<Listener>();
  readonly #answered: (message: unknown) => void;

  constructor(answered: (message: unknown) => void) {
    this.#answered = answered;
  }

  postMessage(message: unknown): void {
    this.#answered(message);
  }

  addEventListener(type: string, listener: Listener): void {
    if (type === 'message') this.#listeners.add(listener);
  }

  removeEventListener(_type: string, listener: Listener): void {
    this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
  }

  deliver(event: { readonly data: unknown }): void {
    for (const listener of this.#listeners) listener(event);
  }
}

interface Answer {
  readonly kind?: string;
  readonly value?: unknown;
}

export class DirectEngine {
  readonly #data: DirectPort;
  readonly #control: DirectPort;
  #calls = 0;
  #resolve: (answer: Answer) => void = () => undefined;

  constructor() {
    const host = { ...createMemoryHost(), root: new NullDirectory() };
    const services: EngineServices = {
      durableHost: async () => host,
      memoryHost: () => host,
      refusal: async () => undefined,
      timers: host.timers,
      lifeLock: undefined,
      openStore,
      listStores,
      deleteStore,
      importStore,
    };
    this.#data = new DirectPort((message) => {
      const answer = message as Answer;
      if (answer.kind !== 'hello' && answer.kind !== 'status') this.#resolve(answer);
    });
    this.#control = new DirectPort((message) => this.#resolve(message as Answer));
    const hello = { kind: 'varve:hello', version: PROTOCOL_VERSION } as const;
    receiveHello(services, { ...hello, data: this.#data, control: this.#control });
  }

  open(name: string, request: GivenRequest): Promise<void> {
    return this.#call('open', name, request);
  }

  close(): Promise<void> {
    return this.#call('close');
  }

  /** One at a time. `event.data` is the message: one object serves for all of them. */
  append(event: { readonly data: AppendMessage }): Promise<Answer> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      this.#data.deliver(event);
    });
  }

  async #call(method: string, ...args: unknown[]): Promise<void> {
    const value = { method, args };
    const id = `${++this.#calls}`;
    const argumentList = [{ type: 'RAW', value }];
    const answer = await new Promise<Answer>((resolve) => {
      this.#resolve = resolve;
      this.#control.deliver({ data: { id, type: 'APPLY', path: ['call'], argumentList } });
    });
    if (!(answer.value as { ok?: boolean } | undefined)?.ok) {
      throw new Error(`${method}: ${JSON.stringify(answer)}`);
    }
  }
}

/**
 * A message channel between two contexts of the simulated browser.
 *
 * Always true: messages come in order, each as a copy of its own; what was given away is gone; a dead
 * or closed end neither sends nor hears.
 */
import type { SimulatedContext } from '@varve/files/simulated';
import type { Port } from '@varve/protocol';
import { copyOf } from './message-copy.ts';

type Listener = (event: { readonly data?: unknown }) => void;

/** A message between two threads of one process is under way no longer than this, ms. */
const DELAY_MS = 1;

class PortEnd implements Port {
  readonly #context: SimulatedContext;
  readonly #listeners = new Map<string, Set<Listener>>();
  #other: PortEnd | undefined;
  #isOpen = true;
  #heardUntilMs = 0;

  constructor(context: SimulatedContext) {
    this.#context = context;
  }

  entangle(other: PortEnd): void {
    this.#other = other;
  }

  postMessage(message: unknown, transfer: ArrayBuffer[]): void {
    this.#send('message', copyOf(message, transfer));
  }

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener);
  }

  close(): void {
    this.#send('close', undefined);
    this.#isOpen = false;
  }

  #send(type: string, data: unknown): void {
    if (this.#isOpen && this.#context.isAlive) this.#other?.receive(this.#context, type, data);
  }

  receive(from: SimulatedContext, type: string, data: unknown): void {
    const { turns, random } = this.#context.browser;
    const dueMs = from.nowMs() + (random.below(1_000) / 1_000) * DELAY_MS;
    this.#heardUntilMs = Math.max(this.#heardUntilMs, dueMs);
    this.#context.browser.trace(`${from.name} → ${this.#context.name}`, data);
    turns.at(this.#context, this.#heardUntilMs, () => {
      if (!this.#isOpen) return;
      for (const listener of this.#listeners.get(type) ?? []) listener({ data });
      if (type === 'close') this.#isOpen = false;
    });
  }
}

export function portPair(one: SimulatedContext, two: SimulatedContext): readonly [Port, Port] {
  const ends = [new PortEnd(one), new PortEnd(two)] as const;
  ends[0].entangle(ends[1]);
  ends[1].entangle(ends[0]);
  return ends;
}

/**
 * A message channel between two contexts of the simulated browser.
 *
 * Always true: messages come in order, each as a copy of its own; what was given away is gone; a dead
 * or closed end neither sends nor hears.
 */
import type { SimulatedBrowser, SimulatedContext } from '@varve/files/simulated';
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
    const { turns } = this.#context.browser;
    const dueMs = from.nowMs() + this.delayMs();
    this.#heardUntilMs = Math.max(this.#heardUntilMs, dueMs);
    this.#context.browser.trace(`${from.name} → ${this.#context.name}`, data);
    const deliver = (): void => {
      if (!this.#isOpen) return;
      for (const listener of this.#listeners.get(type) ?? []) listener({ data });
      if (type === 'close') this.#isOpen = false;
    };
    turns.at(this.#context, this.#heardUntilMs, () => {
      if (!this.hold(deliver)) deliver();
    });
  }

  protected get browser(): SimulatedBrowser {
    return this.#context.browser;
  }

  protected delayMs(): number {
    return (this.browser.random.below(1_000) / 1_000) * DELAY_MS;
  }

  /** True: it is delivered later. */
  protected hold(_deliver: () => void): boolean {
    return false;
  }
}

/**
 * An end that an introducer brings to a worker of another tab: it is reliable, goes from process to
 * process, keeps what comes before it is started, and dies without a word.
 */
class IntroducedEnd extends PortEnd {
  protected override delayMs(): number {
    return this.browser.delay();
  }

  protected override hold(deliver: () => void): boolean {
    this.#kept?.push(deliver);
    return this.#kept !== undefined;
  }

  start(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const deliver of kept) deliver();
  }

  #kept: (() => void)[] | undefined = [];
}

export function introducedPair(
  one: SimulatedContext,
  two: SimulatedContext,
): readonly [Port, Port] {
  return entangled(new IntroducedEnd(one), new IntroducedEnd(two));
}

export function portPair(one: SimulatedContext, two: SimulatedContext): readonly [Port, Port] {
  return entangled(new PortEnd(one), new PortEnd(two));
}

function entangled(...ends: readonly [PortEnd, PortEnd]): readonly [Port, Port] {
  ends[0].entangle(ends[1]);
  ends[1].entangle(ends[0]);
  return ends;
}

/**
 * Broadcast channels among the contexts of a simulated browser.
 *
 * Always true:
 * - messages of one sender reach each listener in order, or not at all
 * - everybody hears a copy of their own; the sender does not hear itself
 * - a suspended or dead context hears nothing of what comes meanwhile; a stopped one hears it later
 */
import type { Channel, Channels } from '../../host.ts';
import type { SimulatedBrowser } from './simulated-browser.ts';
import type { SimulatedContext } from './simulated-context.ts';

interface Listener {
  readonly context: SimulatedContext;
  readonly name: string;
  readonly hear: (message: unknown) => void;
  /** Until when messages of a sender are under way to it, ms. */
  readonly untilMs: Map<Listener, number>;
  isClosed: boolean;
}

const PER_MILLE = 1_000;

export class BrowserChannels {
  readonly #browser: SimulatedBrowser;
  readonly #listeners = new Map<string, Set<Listener>>();

  constructor(browser: SimulatedBrowser) {
    this.#browser = browser;
  }

  of(context: SimulatedContext): Channels {
    return { open: (name, hear) => this.#open(context, name, hear) };
  }

  forget(context: SimulatedContext): void {
    for (const listeners of this.#listeners.values()) {
      for (const listener of listeners) if (listener.context === context) this.#close(listener);
    }
  }

  forgetAll(): void {
    this.#listeners.clear();
  }

  #open(context: SimulatedContext, name: string, hear: (message: unknown) => void): Channel {
    const listener: Listener = { context, name, hear, untilMs: new Map(), isClosed: false };
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) {
      listeners = new Set();
      this.#listeners.set(name, listeners);
    }
    listeners.add(listener);
    return {
      post: (message) => this.#post(listener, message),
      close: () => this.#close(listener),
    };
  }

  #close(listener: Listener): void {
    listener.isClosed = true;
    const listeners = this.#listeners.get(listener.name);
    listeners?.delete(listener);
    if (listeners?.size === 0) this.#listeners.delete(listener.name);
  }

  #post(sender: Listener, message: unknown): void {
    const { context } = sender;
    if (sender.isClosed || !context.isAlive) return;
    // Copied now: the sender may go on changing it.
    const { clone } = this.#browser.options;
    const sent = clone(message);
    const listeners = this.#listeners.get(sender.name) ?? [];
    let isFirst = true;
    for (const listener of listeners) {
      if (listener === sender) continue;
      this.#deliver(sender, listener, isFirst ? sent : clone(sent));
      isFirst = false;
    }
  }

  #deliver(sender: Listener, listener: Listener, message: unknown): void {
    const { random, turns, lostPerMille } = this.#browser;
    const { context } = listener;
    const isLost = lostPerMille > 0 && random.below(PER_MILLE) < lostPerMille;
    const way = `${sender.context.name} → ${context.name} (${listener.name})`;
    this.#browser.trace(isLost ? `${way} LOST` : way, message);
    if (isLost) return;
    const dueMs = sender.context.nowMs() + this.#browser.delay();
    const atMs = Math.max(dueMs, listener.untilMs.get(sender) ?? 0);
    listener.untilMs.set(sender, atMs);
    const hear = (): void => {
      if (!listener.isClosed) listener.hear(message);
    };
    // First to the browser: who is suspended when it comes there never hears of it.
    turns.at(undefined, atMs, () => {
      if (context.state === 'suspended' || listener.isClosed) return;
      turns.at(context, atMs, hear);
    });
  }
}

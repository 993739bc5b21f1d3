/**
 * Channels inside one process.
 *
 * Always true: a message is a copy, is heard after the turn that posted it, in the order of posting,
 * and never by its own sender.
 */
import type { Channel, Channels } from '../host.ts';

/** Every platform has it; the floors below the edges have no types for it. */
declare const structuredClone: (value: unknown) => unknown;

interface Listener {
  readonly hear: (message: unknown) => void;
  isOpen: boolean;
}

export class MemoryChannels implements Channels {
  readonly #listeners = new Map<string, Set<Listener>>();

  open(name: string, hear: (message: unknown) => void): Channel {
    const all = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, all);
    const own: Listener = { hear, isOpen: true };
    all.add(own);
    return {
      post: (message) => {
        if (!own.isOpen) return;
        const copy = structuredClone(message);
        const others = [...all].filter((listener) => listener !== own);
        void Promise.resolve().then(() => {
          for (const { isOpen, hear: tell } of others) if (isOpen) tell(copy);
        });
      },
      close: () => {
        own.isOpen = false;
        all.delete(own);
        if (all.size === 0) this.#listeners.delete(name);
      },
    };
  }
}

/**
 * The browser's `BroadcastChannel`s: all tabs and workers of the origin (and storage partition).
 */
import type { Channel, Channels } from '../host.ts';

export class BroadcastChannels implements Channels {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  open(name: string, hear: (message: unknown) => void): Channel {
    const channel = new BroadcastChannel(this.#prefix + name);
    channel.addEventListener('message', (event: MessageEvent<unknown>) => hear(event.data));
    return {
      post: (message) => channel.postMessage(message),
      close: () => channel.close(),
    };
  }
}

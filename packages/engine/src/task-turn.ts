/**
 * Waiting for one's next turn among a thread's tasks: what was queued before comes first, timers too.
 *
 * By a message to oneself, since timers are held back to milliseconds when they follow each other. In
 * Node by `setImmediate`: there a port goes on with up to a thousand messages before timers have their
 * turn.
 */
type SetImmediate = (task: () => void) => unknown;

export class TaskTurn {
  readonly #channel: MessageChannel | undefined;
  readonly #ask: () => void;
  #wake: () => void = () => undefined;
  #isClosed = false;

  constructor() {
    const { setImmediate } = globalThis as { readonly setImmediate?: SetImmediate };
    if (setImmediate) {
      this.#ask = () => setImmediate(() => this.#wake());
    } else {
      const { port1, port2 } = (this.#channel = new MessageChannel());
      port1.onmessage = () => this.#wake();
      this.#ask = () => port2.postMessage(0);
    }
  }

  /** Once closed, at once. */
  async next(): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#ask();
    });
  }

  /** Whoever waits is let go. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
    this.#channel?.port1.close();
  }
}

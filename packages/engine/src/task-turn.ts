/**
 * Waiting for one's next turn among a thread's tasks: what was queued before comes first.
 *
 * A message to oneself: timers are held back to milliseconds when they follow each other.
 */
export class TaskTurn {
  readonly #channel = new MessageChannel();
  #wake: () => void = () => undefined;
  #isClosed = false;

  constructor() {
    this.#channel.port1.onmessage = () => this.#wake();
  }

  /** Once closed, at once. */
  async next(): Promise<void> {
    if (this.#isClosed) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#channel.port2.postMessage(0);
    });
  }

  /** Whoever waits is let go. Idempotent. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
    this.#channel.port1.close();
    this.#channel.port2.close();
  }
}

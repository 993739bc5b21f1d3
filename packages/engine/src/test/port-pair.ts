/**
 * Two ends of a port in one thread: what is said comes after the turn, as a copy, in order, and waits
 * for `start`; what was given away is gone.
 */
import type { Port } from '@varve/protocol';

type Listener = (event: { readonly data?: unknown }) => void;

export class TestPort implements Port {
  other: TestPort | undefined;
  /** As when the context at the other end died: nobody is told. */
  isDead = false;
  isClosed = false;
  readonly #listeners = new Set<Listener>();
  #kept: unknown[] | undefined = [];

  postMessage(message: unknown, transfer: ArrayBuffer[]): void {
    const data: unknown = isPlain(message) ? structuredClone(message, { transfer }) : message;
    if (this.isClosed) return;
    queueMicrotask(() => this.other?.receive(data));
  }

  addEventListener(type: string, listener: Listener): void {
    if (type === 'message') this.#listeners.add(listener);
  }

  removeEventListener(_: string, listener: Listener): void {
    this.#listeners.delete(listener);
  }

  start(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const data of kept) this.receive(data);
  }

  close(): void {
    this.isClosed = true;
  }

  receive(data: unknown): void {
    if (this.isDead || this.isClosed) return;
    if (this.#kept !== undefined) this.#kept.push(data);
    else for (const listener of this.#listeners) listener({ data });
  }
}

export function portPair(): readonly [TestPort, TestPort] {
  const [one, two] = [new TestPort(), new TestPort()];
  one.other = two;
  two.other = one;
  return [one, two];
}

/** Messages that bring a port are handed over as they are: no clone takes a port of ours. */
function isPlain(message: unknown): boolean {
  return !(typeof message === 'object' && message !== null && 'port' in message);
}

/** So many turns of promises: whatever was sent has come, and its answers. */
export async function settled(turns = 50): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
}

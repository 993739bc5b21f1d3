/**
 * A state that follows a log: what there is, then what comes, with no gap.
 *
 * Always true:
 * - `getSnapshot()` is the state as of `lsn`, the same object until a record changes it
 * - before `ready` it is the initial state; nothing half-recovered is ever seen
 */
import type { Log, Projection, RecordFilter, Reducer } from './api.ts';

export class LogProjection<S, T> implements Projection<S> {
  readonly ready: Promise<void>;
  lsn = 0;
  #state: S;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<() => void>();

  constructor(log: Log<T>, reduce: Reducer<S, T>, initial: S, only: RecordFilter) {
    this.#state = initial;
    this.ready = log.recover(reduce, initial, only).then(({ state, lsn }) => {
      if (this.#abort.signal.aborted) return;
      this.#set(state, lsn);
      void this.#follow(log, reduce, only);
    });
    // Who does not wait for it is not to be crashed by it.
    this.ready.catch(() => undefined);
  }

  getSnapshot = (): S => this.#state;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  close(): void {
    this.#abort.abort();
    this.#listeners.clear();
  }

  async #follow(log: Log<T>, reduce: Reducer<S, T>, only: RecordFilter): Promise<void> {
    try {
      const { signal } = this.#abort;
      for await (const entry of log.tail({ ...only, after: this.lsn, signal })) {
        this.#set(reduce(this.#state, entry), entry.lsn);
      }
    } catch {
      // The log ended (closed, worker gone): the last state stands.
    }
  }

  #set(state: S, lsn: number): void {
    this.lsn = lsn;
    if (Object.is(state, this.#state)) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) listener();
  }
}

/**
 * A state that follows a log: what there is, then what comes, with no gap.
 *
 * Always true:
 * - `getSnapshot()` is the state as of `lsn`, the same object until a record changes it
 * - before `ready` it is the initial state; nothing half-recovered is ever seen
 */
import type { Log, Projection, RecordFilter, Reducer } from './api.ts';

export function projection<S, T>(
  log: Log<T>,
  reduce: Reducer<S, T>,
  initial: S,
  only?: RecordFilter,
): Projection<S> {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<() => void>();
  let state = initial;
  let lsn = 0;
  const ready = log.recover(reduce, initial, only).then((recovered) => {
    if (signal.aborted) return;
    set(recovered.state, recovered.lsn);
    void follow();
  });
  // Who does not wait for it is not to be crashed by it.
  ready.catch(() => undefined);
  return {
    ready,
    get lsn() {
      return lsn;
    },
    getSnapshot: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      controller.abort();
      listeners.clear();
    },
  };

  async function follow(): Promise<void> {
    try {
      for await (const entry of log.tail({ ...only, after: lsn, signal })) {
        set(reduce(state, entry), entry.lsn);
      }
    } catch {
      // The log ended (closed, worker gone): the last state stands.
    }
  }

  function set(next: S, upTo: number): void {
    lsn = upTo;
    if (Object.is(next, state)) return;
    state = next;
    for (const listener of [...listeners]) listener();
  }
}

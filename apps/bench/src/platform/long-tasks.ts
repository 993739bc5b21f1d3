/**
 * Tasks that held this thread up for more than 50 ms, as the browser reports them.
 *
 * Only a page is told of them; elsewhere the answer is null.
 */
export class LongTasks {
  readonly #tasks: PerformanceEntry[] = [];
  readonly #observer: PerformanceObserver | undefined;

  constructor() {
    if (!('document' in globalThis)) return;
    this.#observer = new PerformanceObserver((list) => this.#tasks.push(...list.getEntries()));
    this.#observer.observe({ type: 'longtask' });
  }

  /** How many began within those spans of `performance.now()`, and ends the watch. */
  count(spans: readonly (readonly [from: number, to: number])[]): number | null {
    if (this.#observer === undefined) return null;
    this.#tasks.push(...this.#observer.takeRecords());
    this.#observer.disconnect();
    return this.#tasks.filter(({ startTime, duration }) =>
      spans.some(([from, to]) => startTime + duration > from && startTime < to),
    ).length;
  }
}

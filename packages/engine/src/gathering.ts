/**
 * Appends of several clients, in one commit: each comes in a task of its own, and the store commits at
 * the end of each task. Whoever comes while others append, too, is held until those that have arrived
 * by now have had their task.
 *
 * Always true:
 * - all is staged in the order in which it came, and what is held before anything else that is asked
 * - nothing is held longer than a turn of this thread's tasks
 * - who appends alone is not held
 */

/** After so many appends of one client, with none of another in between, it is alone. */
const ALONE_AFTER = 8;

export class Gathering {
  readonly #nextTurn: () => Promise<void>;
  #held: (() => void)[] = [];
  #last: object | undefined;
  #inARow = ALONE_AFTER;

  /** @param nextTurn resolves when what has arrived by now had its turn */
  constructor(nextTurn: () => Promise<void>) {
    this.#nextTurn = nextTurn;
  }

  /** Does `stage` now, or with those of others. */
  join<T>(client: object, stage: () => Promise<T>): Promise<T> {
    if (this.#last !== undefined && this.#last !== client) this.#inARow = 0;
    this.#last = client;
    this.#inARow++;
    const isFirst = this.#held.length === 0;
    if (isFirst && this.#inARow >= ALONE_AFTER) return stage();
    if (isFirst) void this.#nextTurn().then(() => this.stage());
    return new Promise((resolve) => {
      this.#held.push(() => resolve((async () => stage())()));
    });
  }

  /** What is held is staged now. */
  stage(): void {
    for (const stage of this.#held.splice(0)) stage();
  }
}

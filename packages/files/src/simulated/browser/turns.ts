/**
 * The order in which a simulated browser's contexts run: one turn after the other, by virtual time.
 *
 * Always true:
 * - one turn is one task and every promise that it settles; turns never overlap
 * - turns of equal time run in the order in which they were asked for
 * - a turn of a context runs only while that context runs, and not before it has done with the one before
 * - a turn of the browser itself settles no promise: whatever it does reaches a context in a turn of that
 *   context's
 */

/** Whose turn it is. */
export interface TurnOwner {
  readonly state: 'running' | 'stopped' | 'suspended' | 'dead';
  /** Until then it is busy with what it was told last, ms. */
  readonly busyUntilMs: number;
  /** It cannot run now: it keeps the turn until it can. */
  keep(turn: Turn): void;
}

export interface Turn {
  readonly owner: TurnOwner | undefined;
  atMs: number;
  /** When it was to run at first: what waits for its owner keeps its place. */
  readonly dueMs: number;
  readonly order: number;
  task: (() => void) | undefined;
}

export class Turns {
  nowMs: number;
  /** A binary heap, the earliest first. */
  readonly #heap: Turn[] = [];
  readonly #settle: () => Promise<void>;
  #lastOrder = 0;

  /** @param settle resolves when no promise is left that could settle by itself */
  constructor(startMs: number, settle: () => Promise<void>) {
    this.nowMs = startMs;
    this.#settle = settle;
  }

  /** Asks for a turn of `owner`, or of the browser itself; what is returned takes it back. */
  at(owner: TurnOwner | undefined, atMs: number, task: () => void): () => void {
    const dueMs = Math.max(atMs, this.nowMs);
    const turn: Turn = { owner, atMs: dueMs, dueMs, order: ++this.#lastOrder, task };
    this.#push(turn);
    return () => {
      turn.task = undefined;
    };
  }

  /** Lets a turn that was kept run now, in its old order among others of its owner. */
  again(turn: Turn): void {
    turn.atMs = Math.max(turn.atMs, this.nowMs);
    this.#push(turn);
  }

  /** Runs the next turn of a context that is due by then, and the browser's before it. False: there is none. */
  async step(untilMs: number): Promise<boolean> {
    for (
      let turn = this.#heap[0];
      turn !== undefined && turn.atMs <= untilMs;
      turn = this.#heap[0]
    ) {
      this.#pop();
      const { owner, task } = turn;
      if (task === undefined || owner?.state === 'dead') continue;
      this.nowMs = Math.max(this.nowMs, turn.atMs);
      if (owner !== undefined && owner.state !== 'running') {
        owner.keep(turn);
      } else if (owner !== undefined && owner.busyUntilMs > this.nowMs) {
        turn.atMs = owner.busyUntilMs;
        this.#push(turn);
      } else {
        task();
        if (owner === undefined) continue;
        await this.#settle();
        return true;
      }
    }
    return false;
  }

  #push(turn: Turn): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(turn);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(turn, heap[parent])) break;
      heap[index] = heap[parent];
      index = parent;
    }
    heap[index] = turn;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], last)) break;
      heap[index] = heap[child];
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(a: Turn, b: Turn): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

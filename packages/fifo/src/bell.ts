/**
 * How one side of a ring sleeps and the other wakes it.
 *
 * Always true:
 * - a sleeper announces itself, then looks once more, then sleeps: nothing that was there before it
 *   slept is slept over, and nobody rings for one who is awake
 * - a sleep is rung at most once
 * - no sleep is longer than its time limit, whatever the other side writes or leaves
 */
import type { CONSUMER_BELL, PRODUCER_BELL } from './layout.ts';

/** As `@varve/files` has it. */
export interface Timers {
  after(delayMs: number, task: () => void): () => void;
}

type WaitAsync = (
  words: Int32Array,
  index: number,
  value: number,
  timeoutMs: number,
) => { readonly async: boolean; readonly value: unknown };

/** Firefox before 145 and Node before 16 have none. */
const { waitAsync } = Atomics as { readonly waitAsync?: WaitAsync };

const AWAKE = 0;
const BY_NOTIFY = 1;
const BY_MESSAGE = 2;

/** Where the counter of rings stands; the sleeper's word is the next one. */
type BellIndex = typeof CONSUMER_BELL | typeof PRODUCER_BELL;

/** The side that rings. */
export class Ringer {
  /** How often somebody was woken. */
  rings = 0;
  readonly #words: Int32Array;
  readonly #index: BellIndex;
  readonly #post: () => void;

  /** `post` sends a message to a side that cannot wait on memory. */
  constructor(words: Int32Array, index: BellIndex, post: () => void) {
    this.#words = words;
    this.#index = index;
    this.#post = post;
  }

  ring(): void {
    const sleeper = Atomics.exchange(this.#words, this.#index + 1, AWAKE);
    if (sleeper === AWAKE) return;
    this.rings++;
    Atomics.add(this.#words, this.#index, 1);
    if (sleeper === BY_MESSAGE) this.#post();
    else Atomics.notify(this.#words, this.#index);
  }
}

/** The side that sleeps. */
export class Sleeper {
  readonly #words: Int32Array;
  readonly #index: BellIndex;
  readonly #timers: Timers | undefined;
  #wake: () => void = () => undefined;

  /** With `timers` it sleeps until a message comes; without, on the memory. */
  constructor(words: Int32Array, index: BellIndex, timers: Timers | undefined) {
    this.#words = words;
    this.#index = index;
    this.#timers = waitAsync && !timers ? undefined : timers;
  }

  /** Resolves when rung, when `isDue` already holds, or after `limitMs`: whoever asks looks again. */
  async sleep(isDue: () => boolean, limitMs: number): Promise<void> {
    const words = this.#words;
    const index = this.#index;
    const timers = this.#timers;
    const rung = Atomics.load(words, index);
    Atomics.store(words, index + 1, timers ? BY_MESSAGE : BY_NOTIFY);
    if (!isDue()) {
      if (timers) await this.#message(timers, limitMs);
      else await waitAsync!(words, index, rung, limitMs).value;
    }
    Atomics.store(words, index + 1, AWAKE);
  }

  /** As `sleep`, but the whole thread stands still: not for a page, and not for long. */
  block(isDue: () => boolean, limitMs: number): void {
    const words = this.#words;
    const index = this.#index;
    const rung = Atomics.load(words, index);
    Atomics.store(words, index + 1, BY_NOTIFY);
    if (!isDue()) Atomics.wait(words, index, rung, limitMs);
    Atomics.store(words, index + 1, AWAKE);
  }

  /** The other side's message came; also ends a sleep for good. */
  heard(): void {
    this.#wake();
    Atomics.add(this.#words, this.#index, 1);
    Atomics.notify(this.#words, this.#index);
  }

  #message(timers: Timers, limitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = timers.after(limitMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }
}

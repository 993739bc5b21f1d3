/**
 * Seeded pseudo-random numbers, the same in the page and in the test process: a run is its seed.
 */

/** Folds numbers into one 32-bit seed. */
export function mix(...parts: readonly number[]): number {
  let hash = 0x9e37_79b9;
  for (const part of parts) {
    hash = Math.imul(hash ^ (part >>> 0), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
    hash ^= hash >>> 16;
  }
  return hash >>> 0;
}

/** A stream of numbers that depends on nothing but its seed. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 ≤ result < 2^32 */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** An integer, both ends included. */
  between(from: number, to: number): number {
    return from + (this.next() % (to - from + 1));
  }

  /** Small sizes often, large ones rarely: evenly over the number of digits. */
  size(from: number, to: number): number {
    const exponent = Math.log(from) + (this.next() / 2 ** 32) * Math.log(to / from);
    return Math.min(to, Math.max(from, Math.round(Math.exp(exponent))));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.next() % choices.length]!;
  }
}

/**
 * Clock, random and timers from what every JavaScript platform has, found without its types.
 *
 * Edges that have better ones (a monotonic clock, a cryptographic random) pass their own instead.
 */
import type { Clock, Random, Timers } from '../host.ts';

interface Ambient {
  readonly performance?: { now(): number };
  readonly crypto?: { getRandomValues(bytes: Uint8Array): unknown };
  setTimeout?(task: () => void, delayMs: number): unknown;
  clearTimeout?(timer: unknown): void;
}

const ambient = (): Ambient => globalThis as Ambient;

export const ambientClock: Clock = {
  nowMs: () => ambient().performance?.now() ?? Date.now(),
  wallMs: () => Date.now(),
};

/** The most bytes that `getRandomValues` takes at once. */
const RANDOM_STEP_BYTES = 65_536;

export const ambientRandom: Random = {
  fill(bytes) {
    const { crypto } = ambient();
    if (crypto === undefined) throw new Error('this platform has no crypto.getRandomValues');
    for (let at = 0; at < bytes.length; at += RANDOM_STEP_BYTES) {
      crypto.getRandomValues(bytes.subarray(at, at + RANDOM_STEP_BYTES));
    }
  },
};

export const ambientTimers: Timers = {
  after(delayMs, task) {
    const timer = ambient().setTimeout?.(task, delayMs);
    // Node returns an object; unref keeps a sleeping store from keeping its process alive.
    if (typeof timer === 'object' && timer !== null && 'unref' in timer) {
      (timer as { unref(): void }).unref();
    }
    return () => ambient().clearTimeout?.(timer);
  },
};

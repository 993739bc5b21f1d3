/**
 * A clock that stands still until it is moved, and timers that run when it passes them.
 */
import type { Clock, Timers } from '../host.ts';

/** 2026-01-01T00:00:00Z: where the simulated wall clock starts. */
const EPOCH_MS = 1_767_225_600_000;

interface Timer {
  readonly dueMs: number;
  readonly task: () => void;
}

export class SimulatedTime implements Clock, Timers {
  #nowMs: number;
  /** Wall clock minus monotonic clock; tests may make it jump. */
  wallOffsetMs = EPOCH_MS;
  readonly #timers = new Set<Timer>();
  #stopped = false;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.wallOffsetMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), task };
    if (!this.#stopped) this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Runs what falls due on the way, earliest first, each at its own time. */
  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    for (let timer = this.#nextUntil(untilMs); timer !== undefined;) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      this.#timers.delete(timer);
      timer.task();
      timer = this.#nextUntil(untilMs);
    }
    this.#nowMs = untilMs;
  }

  /** Like {@link advance}, and lets promises settle after each timer, which `run` runs. */
  async advanceAsync(ms: number, run: (task: () => void) => void): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settlePromises();
    for (let timer = this.#nextUntil(untilMs); timer !== undefined;) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      this.#timers.delete(timer);
      run(timer.task);
      await settlePromises();
      timer = this.#nextUntil(untilMs);
    }
    this.#nowMs = untilMs;
  }

  /** No timer runs any more: a dead machine's time means nothing to its programs. */
  stop(): void {
    this.#stopped = true;
    this.#timers.clear();
  }

  #nextUntil(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}

/** Long chains of promises need several turns; a simulated disk never waits for anything else. */
const TURNS = 64;

async function settlePromises(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await Promise.resolve();
}

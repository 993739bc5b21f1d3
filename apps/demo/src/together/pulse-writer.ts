/**
 * Appends 1, 2, 3 … to the logbook while it is told to keep writing, whatever happens to the tabs.
 *
 * Always true:
 * - a number is asked for when the one before was answered, so a number that is not there although a
 *   greater one is was acknowledged and lost
 * - a number whose outcome nobody knows is never asked for again: the next record names it as unsure
 * - it ends by itself after `LIMIT_NUMBERS`: a visitor's disk is not ours to fill
 */
import { Emitter } from '../ui/emitter.ts';
import { failureOf } from '../ui/failure.ts';
import type { Log } from 'varve';
import { PulseType, type LogbookRecord } from '../logbook/entries.ts';

export const LIMIT_NUMBERS = 5_000;
const EVERY_MS = 80;
const TRY_AGAIN_MS = 120;

/** What it writes to: a store that is opened again when it was closed or its worker died. */
export interface PulseStore {
  open(): Promise<Pick<Log<LogbookRecord>, 'append'>>;
}

export interface Answered {
  readonly number: number;
  /** From asking for it until it was durable, through whatever came between, ms. */
  readonly waitedMs: number;
}

/** After these nothing that a tab does helps. */
const FINAL = new Set([
  'QUOTA_EXCEEDED',
  'STORE_FULL',
  'READ_ONLY',
  'STORE_LOST',
  'STORAGE_DENIED',
]);

export class PulseWriter {
  /** It began, ended, or something went wrong. */
  readonly changed = new Emitter<void>();
  readonly answered = new Emitter<Answered>();
  readonly tab: string;
  /** The last number asked for. */
  number = 0;
  acknowledged = 0;
  /** Why the number that is asked for now was not written yet. */
  failure: unknown;
  readonly #store: PulseStore;
  #unsure: number[] = [];
  #isWriting = false;
  #askedAtMs: number | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(tab: string, store: PulseStore) {
    this.tab = tab;
    this.#store = store;
  }

  get isWriting(): boolean {
    return this.#isWriting;
  }

  /** How long the number under way has been waiting; 0: none is. */
  get waitingMs(): number {
    return this.#askedAtMs === undefined ? 0 : performance.now() - this.#askedAtMs;
  }

  start(): void {
    if (this.#isWriting || this.number >= LIMIT_NUMBERS) return;
    this.#isWriting = true;
    this.#running = this.#running.then(() => this.#write());
    this.changed.emit();
  }

  /** What is under way is finished. */
  stop(): void {
    if (!this.#isWriting) return;
    this.#isWriting = false;
    this.changed.emit();
  }

  async #write(): Promise<void> {
    while (this.#isWriting && this.number < LIMIT_NUMBERS) {
      this.number += 1;
      const startMs = performance.now();
      this.#askedAtMs = startMs;
      await this.#append(this.number);
      this.#askedAtMs = undefined;
      await pause(EVERY_MS - (performance.now() - startMs));
    }
    this.stop();
  }

  async #append(number: number): Promise<void> {
    const { tab } = this;
    while (true) {
      try {
        const log = await this.#store.open();
        await log.append({ kind: 'pulse', tab, number, unsure: this.#unsure }, { type: PulseType });
        this.acknowledged = number;
        this.#unsure = [];
        this.#fail(undefined);
        this.answered.emit({ number, waitedMs: this.waitingMs });
        return;
      } catch (error) {
        this.#fail(error);
        const { code, outcome } = failureOf(error);
        if (outcome === 'unknown') this.#unsure.push(number);
        if (FINAL.has(code)) this.stop();
        if (outcome === 'unknown' || !this.#isWriting) return;
        await pause(TRY_AGAIN_MS);
      }
    }
  }

  #fail(error: unknown): void {
    if (this.failure === error) return;
    this.failure = error;
    this.changed.emit();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

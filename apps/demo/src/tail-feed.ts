/**
 * What is new in a store, whichever tab wrote it, through every reopening of the store here.
 *
 * Always true: each record of the type is taken once, in the order of the LSNs, from where it was
 * started on.
 */
import type { Entry, Log } from 'varve';
import type { LiveStore } from './live-store.ts';
import { note } from './store-notes.ts';
import { sentenceOf } from './ui/failure.ts';

const AGAIN_MS = 1_000;

export class TailFeed<T> {
  readonly #store: LiveStore<T>;
  readonly #type: number;
  readonly #take: (record: Entry<T>) => void;
  /** The last LSN taken in; undefined while it is stopped. */
  #lsn: number | undefined;
  #followed: Log<T> | undefined;
  #waiting: { readonly lsn: number; readonly resolve: () => void }[] = [];

  constructor(store: LiveStore<T>, type: number, take: (record: Entry<T>) => void) {
    this.#store = store;
    this.#type = type;
    this.#take = take;
    store.changed.on(() => this.#follow());
  }

  /** Takes what comes behind `after`. */
  start(after: number): void {
    this.stop();
    this.#lsn = after;
    this.#follow();
  }

  stop(): void {
    this.#lsn = undefined;
    this.#followed = undefined;
    this.#wake(Infinity);
  }

  /** Resolves when the record was taken in, or when nothing is taken any more. */
  takenIn(lsn: number): Promise<void> {
    if (this.#followed === undefined || this.#lsn === undefined || lsn <= this.#lsn)
      return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ lsn, resolve }));
  }

  #follow(): void {
    const { log } = this.#store;
    if (this.#lsn === undefined || log === undefined || log === this.#followed) return;
    this.#followed = log;
    void this.#feed(log, this.#lsn);
  }

  async #feed(log: Log<T>, after: number): Promise<void> {
    try {
      for await (const record of log.tail({ after, type: this.#type })) {
        if (this.#followed !== log) return;
        if (record.lsn <= (this.#lsn ?? 0)) {
          // A bug of Varve, and no record that was written twice: those have LSNs of their own.
          this.#store.notes.add(note('alarm', `The tail brought LSN ${record.lsn} again`));
          continue;
        }
        this.#take(record);
        this.#lsn = record.lsn;
        this.#wake(record.lsn);
      }
    } catch (error) {
      if (this.#store.log === log && this.#followed === log) {
        this.#store.notes.add(note('alarm', `Does not hear what is new: ${sentenceOf(error)}`));
        setTimeout(() => this.#follow(), AGAIN_MS);
      }
    } finally {
      if (this.#followed === log) {
        this.#followed = undefined;
        this.#wake(Infinity);
      }
    }
  }

  #wake(lsn: number): void {
    const ready = this.#waiting.filter((each) => each.lsn <= lsn);
    this.#waiting = this.#waiting.filter((each) => each.lsn > lsn);
    for (const { resolve } of ready) resolve();
  }
}

/**
 * One store that the demo has open, with this tab's worker for it. Other tabs may have it open, too.
 *
 * Always true:
 * - `log` is defined exactly while `phase` is 'open'
 * - this object owns its worker: `kill` ends it without any farewell, as a crash would; a worker that
 *   ends by itself is noticed, and the store is opened again
 * - nothing opens the store before what closes or changes it has ended
 * - what the store tells, and what is done to it, ends up in `notes`, newest last
 */
import { openLog, type Log, type LogEventMap, type OpenLogOptions } from 'varve';
import { Emitter } from './ui/emitter.ts';
import { hasCode, sentenceOf } from './ui/failure.ts';
import { count, duration, lsnRange } from './ui/format.ts';
import { note, NoteList } from './store-notes.ts';

export type Phase = 'closed' | 'opening' | 'open' | 'down' | 'failed';

const BUSY_PATIENCE_MS = 6_000;
const BUSY_RETRY_MS = 150;
/** After its worker died by itself. */
const REOPEN_AFTER_MS = 400;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class LiveStore<T> {
  readonly name: string;
  readonly label: string;
  /** Status changed, or the store was opened, killed or closed. */
  readonly changed = new Emitter<void>();
  readonly notes = new NoteList();
  phase: Phase = 'closed';
  log: Log<T> | undefined;
  failure: unknown;
  /** From asking for the store until it served, ms. */
  openedInMs = 0;
  readonly #options: OpenLogOptions<T>;
  #worker: Worker | undefined;
  #opening: Promise<Log<T>> | undefined;
  /** What must have ended before the store may be opened. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(name: string, label: string, options: OpenLogOptions<T>) {
    this.name = name;
    this.label = label;
    this.#options = options;
  }

  /** Opens the store, or returns the log that is open already. */
  open(): Promise<Log<T>> {
    if (this.log !== undefined) return Promise.resolve(this.log);
    this.#opening ??= this.#openAnew().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openAnew(): Promise<Log<T>> {
    await this.#before;
    const startMs = performance.now();
    this.#enter('opening');
    try {
      const log = await this.#openWhenFree(startMs + BUSY_PATIENCE_MS);
      this.openedInMs = performance.now() - startMs;
      this.log = log;
      this.#listen(log);
      const { recovery, role, generation } = log.status();
      const follows = `Joined in ${duration(this.openedInMs)} as a follower, generation ${generation}: another tab leads`;
      if (role === 'follower') this.notes.add(note('calm', follows));
      else
        this.notes.add(
          note(
            recovery.clean ? 'calm' : 'watch',
            recovery.clean
              ? `Opened in ${duration(this.openedInMs)}, generation ${recovery.generation}: closed properly before`
              : `Opened in ${duration(this.openedInMs)}, generation ${recovery.generation}: not closed before, recovered to LSN ${count(recovery.lastLsn)}`,
          ),
        );
      this.#enter('open');
      return log;
    } catch (error) {
      this.failure = error;
      this.notes.add(note('alarm', `Did not open: ${sentenceOf(error)}`));
      this.#enter('failed');
      throw error;
    }
  }

  /** A page that just went away may hold the file for another moment: wait for it, within reason. */
  async #openWhenFree(deadlineMs: number): Promise<Log<T>> {
    for (;;) {
      try {
        return await openLog<T>(this.name, {
          ...this.#options,
          worker: () => {
            this.#worker = new Worker(new URL('./engine-worker.ts', import.meta.url), {
              type: 'module',
              name: `varve ${this.name}`,
            });
            return this.#worker;
          },
        });
      } catch (error) {
        if (!hasCode(error, 'STORE_BUSY') || performance.now() > deadlineMs) throw error;
        await pause(BUSY_RETRY_MS);
      }
    }
  }

  #listen(log: Log<T>): void {
    log.subscribe(() => {
      if (this.log !== log) return;
      if (log.status().state === 'closed') this.#died(log);
      else this.changed.emit();
    });
    const on = <K extends keyof LogEventMap>(
      type: K,
      hear: (event: LogEventMap[K]) => void,
    ): void =>
      log.addEventListener(type, (event) => {
        if (this.log === log) hear(event);
      });
    on('durable', ({ detail }) => this.notes.durable(detail.lsn));
    on('reopened', ({ detail }) =>
      this.notes.add(note('watch', `Reopened by itself in generation ${detail.generation}`)),
    );
    on('checkpointed', ({ detail }) =>
      this.notes.add(note('calm', `Checkpoint covers LSN ${count(detail.coveredLsn)}`)),
    );
    on('trimmed', ({ detail }) =>
      this.notes.add(note('calm', `History now begins at LSN ${count(detail.firstLsn)}`)),
    );
    on('quota', ({ detail }) => this.notes.add(note('alarm', `Out of space: ${detail.message}`)));
    on('damage', ({ detail }) =>
      this.notes.add(
        note('alarm', `Damage: ${lsnRange(detail.from, detail.to)}, proven by ${detail.proof}`),
      ),
    );
    on('poisoned', ({ detail }) =>
      this.notes.add(note('alarm', `Generation ${detail.generation} ended: ${detail.message}`)),
    );
    on('lost', ({ detail }) =>
      this.notes.add(
        note('alarm', `The files vanished; ${lsnRange(detail.from, detail.to)} may be void`),
      ),
    );
    on('role', ({ detail }) =>
      this.notes.add(
        note(
          'watch',
          detail.role === 'leader'
            ? `This tab leads now, generation ${log.status().generation}`
            : 'This tab follows now',
        ),
      ),
    );
  }

  /** The worker ended, and not because it was told to. */
  #died(log: Log<T>): void {
    this.#drop(log, 'The worker died; the store is opened again');
    this.#openAfter(REOPEN_AFTER_MS);
  }

  #openAfter(ms: number): void {
    this.#before = pause(ms);
    // A refusal shows in `phase` and `failure`.
    this.open().catch(() => undefined);
  }

  /** Ends the worker as a crash would, and opens the store again after so long. */
  crash(downMs: number): void {
    this.kill();
    this.#openAfter(downMs);
  }

  /** Ends the worker as a crash would: nothing is flushed, nobody is told. */
  kill(): void {
    this.#drop(this.log, 'Worker terminated');
  }

  #drop(log: Log<T> | undefined, why: string): void {
    this.log = undefined;
    this.#worker?.terminate();
    this.#worker = undefined;
    this.notes.add(note('alarm', why));
    this.#enter('down');
    // Lets go of what the page still holds for it; it can only fail, and may.
    log?.close().catch(() => undefined);
  }

  async #close(): Promise<void> {
    const log = this.log;
    this.log = undefined;
    if (log === undefined) return;
    await log.close();
    this.#worker?.terminate();
    this.#worker = undefined;
    this.notes.add(note('calm', 'Closed'));
    this.#enter('closed');
  }

  /** Closes the store, lets `change` do to its files what it must, and opens what is there then. */
  async startOver(change: () => Promise<void>): Promise<void> {
    const changed = this.#close().then(change);
    this.#before = changed.catch(() => undefined);
    try {
      await changed;
    } finally {
      await this.open();
    }
  }

  /** Closes the store properly and comes back: another tab that has it open leads meanwhile. */
  handOver(): Promise<void> {
    return this.startOver(async () => undefined);
  }

  #enter(phase: Phase): void {
    this.phase = phase;
    this.changed.emit();
  }
}

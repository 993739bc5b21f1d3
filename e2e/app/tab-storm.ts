/**
 * One tab among several: appends numbered values throughout, tails the log and reads its end.
 *
 * Always true:
 * - an operation is issued only below what the test process was told (`reserved`)
 * - at most {@link WINDOW} operations of the storm are in flight; when calm one, and a moment between two
 * - who leads, and so may die, has told of what was acknowledged before the next thing happens; when
 *   calm, all others do so a little later, and in the first moments of leading, too
 * - what tail and reads see is told with the next report
 */
import type { Log } from 'varve';
import type { AckChannel } from './ack-channel.ts';
import type { TabReport, TabRole } from './tab-report.ts';
import { BALLAST_BYTES, LANES, tabOperation, tabRow, writerOf } from './tab-report.ts';
import { valueBytes } from './value.ts';

const WINDOW = 4;
const RESERVE = 64;
const CALM_PAUSE_MS = 2;
const CALM_TELLING_MS = 100;
/** So long after it began to lead a tab that is calm is none of those that may die. */
const CALM_LEADING_MS = 500;
const BALLAST_WINDOW = 16;
const READ_EVERY_MS = 100;
/** So many records before what is surely there. */
const READ_BACK = 20;
/** `append-twice`: every so manieth value. */
const TWICE_EVERY = 40;

type Telling = { -readonly [K in keyof TabReport]: TabReport[K][number][] };

const nothing = (): Omit<Telling, 'reserved' | 'issued'> => ({
  acknowledged: [],
  refused: [],
  tail: [],
  reads: [],
  roles: [],
  wrong: [],
});

export interface TabStormOptions {
  readonly seed: number;
  readonly tab: number;
  /** A page that breaks a promise, for the judge's controls: `append-twice`. */
  readonly broken?: string;
  /** Asks as a quiet app does, and is as little in the way of what it measures as it can be. */
  readonly isCalm?: boolean;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const nowMs = (): number => performance.timeOrigin + performance.now();

interface RefusedLike {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly outcome?: string;
  readonly facts?: object;
  readonly cause?: RefusedLike;
}

/** With its facts, and what caused it. */
function wholeStory({ name, message, facts, cause }: RefusedLike): string {
  const own = `${name}: ${message}${facts === undefined ? '' : ` ${JSON.stringify(facts)}`}`;
  return cause instanceof Error ? `${own}, because of ${wholeStory(cause)}` : own;
}

export class TabStorm {
  readonly #log: Log<Uint8Array>;
  readonly #channel: AckChannel<TabReport>;
  readonly #options: TabStormOptions;
  readonly #issued: [number, number] = [0, 0];
  readonly #reserved: [number, number] = [0, 0];
  readonly #inFlight: [number, number] = [0, 0];
  readonly #ended = new AbortController();
  /** The highest LSN that a strict append of this tab was told. */
  #floor = 0;
  #tailLsn = 0;
  #telling = nothing();
  #reportDue = false;
  #stopped = false;
  #reading = false;
  #leadsSinceMs = Infinity;
  #waiting: (() => void)[] = [];

  constructor(log: Log<Uint8Array>, channel: AckChannel<TabReport>, options: TabStormOptions) {
    this.#log = log;
    this.#channel = channel;
    this.#options = options;
    this.#role(log.status().role);
    log.addEventListener('role', ({ detail }) => this.#role(detail.role));
  }

  start(): void {
    this.#report();
    void this.#tail();
    if (this.#options.isCalm !== true) void this.#read();
    this.#fill();
  }

  /** So many bytes more for whoever recovers next, appended in this tab. */
  async ballast(bytes: number): Promise<void> {
    const until = this.#issued[LANES.ballast] + Math.ceil(bytes / BALLAST_BYTES);
    this.#reserved[LANES.ballast] = until;
    this.#report();
    while (this.#issued[LANES.ballast] < until && !this.#stopped) {
      if (this.#inFlight[LANES.ballast] < BALLAST_WINDOW) this.#issue(LANES.ballast);
      else await this.#change();
    }
    while (this.#inFlight[LANES.ballast] > 0) await this.#change();
  }

  /** Issues nothing more. Resolves with how many calls have not ended at the deadline. */
  async stop(deadlineMs: number): Promise<number> {
    const untilMs = performance.now() + deadlineMs;
    this.#stopped = true;
    const open = (): number => this.#inFlight[0] + this.#inFlight[1] + (this.#reading ? 1 : 0);
    while (open() > 0 && performance.now() < untilMs) await this.#change(20);
    this.#report();
    return open();
  }

  /** Waits until the tail has seen `lsn`, then ends it. Resolves with the last LSN it saw. */
  async endTail(lsn: number, deadlineMs: number): Promise<number> {
    const untilMs = performance.now() + deadlineMs;
    while (this.#tailLsn < lsn && performance.now() < untilMs) await this.#change(20);
    this.#ended.abort();
    this.#report();
    return this.#tailLsn;
  }

  #fill(): void {
    const { storm } = LANES;
    while (
      !this.#stopped &&
      this.#inFlight[storm] < (this.#options.isCalm === true ? 1 : WINDOW) &&
      this.#issued[storm] < this.#reserved[storm]
    ) {
      this.#issue(storm);
    }
  }

  #issue(lane: number): void {
    const { broken } = this.#options;
    const index = this.#issued[lane]!++;
    this.#inFlight[lane]!++;
    if (broken === 'append-twice' && index % TWICE_EVERY === TWICE_EVERY - 1) {
      this.#perform(lane, index).catch(() => undefined);
    }
    void this.#perform(lane, index)
      .then(
        (lsn) => this.#acknowledged(lane, index, lsn),
        (error: RefusedLike) => {
          const { code = 'unknown', outcome = '' } = error;
          this.#telling.refused.push([lane, index, code, outcome]);
          const { role } = this.#log.status();
          this.#telling.wrong.push(`operation ${index}, as ${role}: ${wholeStory(error)}`);
          this.#stopped = true;
        },
      )
      .then(() => (this.#options.isCalm === true ? sleep(CALM_PAUSE_MS) : undefined))
      .then(() => {
        this.#inFlight[lane]!--;
        this.#scheduleReport();
      });
  }

  #acknowledged(lane: number, index: number, lsn: number): void {
    this.#telling.acknowledged.push([lane, index, lsn, nowMs()]);
    const { durability, sizes } = this.#operation(lane, index);
    if (durability === 'strict') this.#floor = Math.max(this.#floor, lsn + sizes.length - 1);
  }

  #operation(lane: number, index: number): ReturnType<typeof tabOperation> {
    const { seed, tab } = this.#options;
    return tabOperation(seed, writerOf(tab, lane), index);
  }

  #perform(lane: number, index: number): Promise<number> {
    const { seed, tab } = this.#options;
    const { durability, sizes } = this.#operation(lane, index);
    const writer = writerOf(tab, lane);
    const parts = sizes.map((size, part) =>
      valueBytes(seed, { round: 0, writer, index, part }, size),
    );
    return parts.length > 1
      ? this.#log.appendBatch(parts, { durability })
      : this.#log.append(parts[0]!, { durability });
  }

  async #tail(): Promise<void> {
    try {
      for await (const { lsn, value } of this.#log.tail({ signal: this.#ended.signal })) {
        this.#telling.tail.push(tabRow(lsn, value));
        this.#tailLsn = lsn;
        this.#changed();
      }
      if (!this.#ended.signal.aborted) this.#wrong('the tail ended by itself');
    } catch (error) {
      this.#wrong(`the tail ended: ${String(error)}`);
    }
  }

  async #read(): Promise<void> {
    while (!this.#stopped) {
      this.#reading = true;
      const floor = this.#floor;
      const rows: ReturnType<typeof tabRow>[] = [];
      try {
        for await (const { lsn, value } of this.#log.read({
          after: Math.max(0, floor - READ_BACK),
        }))
          rows.push(tabRow(lsn, value));
        this.#telling.reads.push({ floor, rows });
      } catch (error) {
        this.#wrong(`a read ended: ${String(error)}`);
      }
      this.#reading = false;
      this.#changed();
      await new Promise((resolve) => setTimeout(resolve, READ_EVERY_MS));
    }
  }

  #wrong(what: string): void {
    this.#telling.wrong.push(what);
    this.#scheduleReport();
  }

  #role(role: TabRole['role']): void {
    this.#leadsSinceMs = role === 'leader' ? performance.now() : Infinity;
    this.#telling.roles.push({ role, atMs: nowMs() });
    this.#scheduleReport();
  }

  #changed(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }

  #change(atMostMs = 1000): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      setTimeout(resolve, atMostMs);
    });
  }

  get #mayTellLater(): boolean {
    const ledMs = performance.now() - this.#leadsSinceMs;
    return this.#options.isCalm === true && !(ledMs > CALM_LEADING_MS);
  }

  /** What arrives together leaves together. */
  #scheduleReport(): void {
    if (this.#mayTellLater) {
      this.#changed();
      this.#fill();
    }
    if (this.#reportDue) return;
    this.#reportDue = true;
    if (this.#mayTellLater) return void sleep(CALM_TELLING_MS).then(() => this.#reportNow());
    queueMicrotask(() => queueMicrotask(() => this.#reportNow()));
  }

  #reportNow(): void {
    this.#reportDue = false;
    this.#report();
    this.#changed();
    this.#fill();
  }

  #report(): void {
    const { storm } = LANES;
    if (!this.#stopped && this.#reserved[storm] - this.#issued[storm] < RESERVE / 2) {
      this.#reserved[storm] = this.#issued[storm] + RESERVE;
    }
    const telling = this.#telling;
    this.#telling = nothing();
    try {
      this.#channel.report({
        reserved: [...this.#reserved],
        issued: [...this.#issued],
        ...telling,
      });
    } catch (error) {
      // The test process is gone: a browser that outlives it shall not go on for ever.
      this.#stopped = true;
      this.#ended.abort();
      throw error;
    }
  }
}

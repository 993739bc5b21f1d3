/**
 * Writes as fast as the subject takes it, until it is stopped or killed.
 *
 * Always true:
 * - an operation is issued only below what the test process was told (`reserved`)
 * - at most `WINDOW` operations of the first writer and one stream are in flight
 */
import type { Acknowledged, AckChannel, Refused } from './ack-channel.ts';
import { Housekeeper, type Served } from './housekeeper.ts';
import type { Subject } from './subject.ts';
import { valueBytes } from './value.ts';
import { operation, WRITERS, type Round } from './workload.ts';

const WINDOW = { mixed: 48, records: 48, large: 10 } as const;
const RESERVE = { mixed: 256, records: 256, large: 24 } as const;
const STREAMS_RESERVE = 4;

interface RefusedLike {
  readonly message?: string;
  readonly code?: string;
  readonly outcome?: string;
}

export class Storm {
  readonly #subject: Subject;
  readonly #channel: AckChannel;
  readonly #round: Round;
  readonly #issued = [0, 0];
  readonly #reserved = [0, 0];
  readonly #inFlight = [0, 0];
  readonly #streams: boolean;
  readonly #housekeeper: Housekeeper | undefined;
  #acknowledged: Acknowledged[] = [];
  #refused: Refused[] = [];
  #reportDue = false;
  #stopped = false;
  #settled: (() => void) | undefined;

  constructor(subject: Subject, channel: AckChannel, round: Round, served: Served) {
    this.#subject = subject;
    this.#channel = channel;
    this.#round = round;
    this.#streams = round.profile === 'mixed';
    if (subject.housekeeping !== undefined) {
      this.#housekeeper = new Housekeeper(subject.housekeeping, channel, round, served);
    }
  }

  start(): void {
    this.#report();
    this.#fill();
    this.#housekeeper?.take([]);
  }

  /** Issues nothing more; resolves when everything in flight was answered, or at the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    this.#housekeeper?.stop();
    if (this.#inFlight[0]! + this.#inFlight[1]! > 0) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve;
        setTimeout(resolve, deadlineMs);
      });
    }
    this.#report();
  }

  #fill(): void {
    const { profile } = this.#round;
    if (this.#stopped) return;
    while (
      this.#inFlight[0]! < WINDOW[profile] &&
      this.#issued[0]! < this.#reserved[0]! &&
      !this.#stopped
    ) {
      this.#issue(WRITERS.appends);
    }
    if (this.#streams && this.#inFlight[1] === 0 && this.#issued[1]! < this.#reserved[1]!) {
      this.#issue(WRITERS.streams);
    }
  }

  #issue(writer: number): void {
    const index = this.#issued[writer]!++;
    this.#inFlight[writer]!++;
    void this.#perform(writer, index)
      .then(
        (lsn) => void this.#acknowledged.push([writer, index, lsn]),
        ({ code, message, outcome }: RefusedLike) => {
          this.#refused.push([writer, index, code ?? message ?? 'unknown', outcome ?? '']);
          this.#stopped = true;
        },
      )
      .then(() => {
        this.#inFlight[writer]!--;
        this.#scheduleReport();
      });
  }

  #perform(writer: number, index: number): Promise<number> {
    const { kind, durability, sizes } = operation(this.#round, writer, index);
    const { seed, round } = this.#round;
    const parts = sizes.map((size, part) => valueBytes(seed, { round, writer, index, part }, size));
    if (kind === 'stream') return this.#subject.appendStream(parts[0]!);
    if (kind === 'batch') return this.#subject.appendBatch(parts, durability);
    return this.#subject.append(parts[0]!, durability);
  }

  /** Acknowledgements that arrive together leave together. */
  #scheduleReport(): void {
    if (this.#reportDue) return;
    this.#reportDue = true;
    queueMicrotask(() =>
      queueMicrotask(() => {
        this.#reportDue = false;
        this.#report();
        if (this.#inFlight[0]! + this.#inFlight[1]! === 0) this.#settled?.();
        this.#fill();
      }),
    );
  }

  #report(): void {
    if (!this.#stopped) {
      const appends = RESERVE[this.#round.profile];
      if (this.#reserved[0]! - this.#issued[0]! < appends / 2) {
        this.#reserved[0] = this.#issued[0]! + appends;
      }
      if (this.#streams) this.#reserved[1] = this.#issued[1]! + STREAMS_RESERVE;
    }
    const acknowledged = this.#acknowledged;
    const refused = this.#refused;
    this.#acknowledged = [];
    this.#refused = [];
    const { profile } = this.#round;
    // What `#fill` issues right after this report counts as issued: it is issued before the page
    // can be interrupted by anything but a kill.
    const next = Math.min(
      this.#reserved[0]!,
      this.#issued[0]! + (this.#stopped ? 0 : WINDOW[profile] - this.#inFlight[0]!),
    );
    this.#channel.report({
      kind: 'appends',
      reserved: [...this.#reserved],
      issued: [next, this.#issued[1]!],
      acknowledged,
      refused,
    });
    if (acknowledged.length > 0) this.#housekeeper?.take(acknowledged);
  }
}

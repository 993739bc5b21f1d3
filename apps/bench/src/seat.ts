/**
 * A seat: one subject with its session, asked for blocks of one work, in the thread that calls.
 *
 * Always true:
 * - nothing but the work's own loop runs between the two readings of the clock of a block
 * - how many operations a block has is settled after the warm-up and stays
 */
import type { Session, Subject } from './subject.ts';
import type { Work } from './work.ts';
import { quantile, sorted } from './figures.ts';
import { Frames } from './platform/frames.ts';
import { LongTasks } from './platform/long-tasks.ts';
import { memoryBytes } from './platform/memory.ts';
import type { Measured } from './result.ts';

export interface SeatOptions {
  readonly placeName: string;
  readonly folder?: string;
  /** How long a block should last. */
  readonly blockMs: number;
  /** Blocks of full size, where the work has one. */
  readonly isFull: boolean;
}

/** Single durations kept for the tails, at most. */
const SAMPLES_MAX = 1_000_000;

export class Seat {
  readonly #session: Session;
  readonly #work: Work;
  readonly #blocksUs: number[] = [];
  readonly #samplesUs: number[] = [];
  readonly #longTasks = new LongTasks();
  readonly #frames = new Frames();
  #memoryBefore: number | null = null;
  readonly #spans: [number, number][] = [];
  #operations = 0;
  #warmUnits = 0;
  #units = 0;
  #flushes: number | null = 0;

  private constructor(session: Session, work: Work) {
    this.#session = session;
    this.#work = work;
  }

  /** Opens, prepares and warms up. */
  static async take(subject: Subject, work: Work, options: SeatOptions): Promise<Seat> {
    const session = await subject.open({
      name: options.placeName,
      segmentSizeBytes: work.segmentSizeBytes,
      ...(work.keepBytes === undefined ? {} : { keepBytes: work.keepBytes }),
      ...(options.folder === undefined ? {} : { folder: options.folder }),
    });
    const seat = new Seat(session, work);
    try {
      await work.prepare?.(session);
      if (subject.kind !== 'peer') await work.fill?.(session);
      const isFull = options.isFull && subject.kind !== 'peer';
      await seat.#warmUp(options.blockMs, isFull ? (work.fullOperations ?? 0) : 0);
      if (work.watchesMemory === true) seat.#memoryBefore = await memoryBytes();
    } catch (error) {
      await session.destroy().catch(() => undefined);
      throw error;
    }
    return seat;
  }

  async #warmUp(blockMs: number, fullOperations: number): Promise<void> {
    const { depth, minOperations, maxOperations = Infinity, unitsPerOperation } = this.#work;
    const step = unitsPerOperation === 1 ? depth : 1;
    const within = (operations: number): number => {
      const bounded = Math.max(minOperations, Math.min(maxOperations, Math.floor(operations)));
      return Math.ceil(bounded / step) * step;
    };
    let operations = within(minOperations);
    for (let elapsed = 0; ;) {
      const start = performance.now();
      await this.#work.block(this.#session, operations, () => undefined);
      const tookMs = Math.max(performance.now() - start, 0.01);
      this.#warmUnits += operations * unitsPerOperation;
      elapsed += tookMs;
      const fitting = within((operations * blockMs) / tookMs);
      this.#operations = Math.max(fitting, fullOperations);
      if (elapsed >= blockMs * 2) return;
      operations = Math.min(fitting, operations * 8);
    }
  }

  async block(): Promise<void> {
    const before = await this.#session.flushes();
    const durations: number[] = [];
    const start = performance.now();
    await this.#work.block(this.#session, this.#operations, (ms) => durations.push(ms));
    const end = performance.now();
    const elapsedMs = end - start;
    this.#spans.push([start, end]);
    const after = await this.#session.flushes();
    const units = this.#operations * this.#work.unitsPerOperation;
    this.#units += units;
    this.#blocksUs.push((elapsedMs * 1000) / units);
    if (before === null || after === null || this.#flushes === null) this.#flushes = null;
    else this.#flushes += after - before;
    if (this.#samplesUs.length < SAMPLES_MAX) {
      for (const ms of durations) this.#samplesUs.push(ms * 1000);
    }
  }

  async leave(): Promise<Measured> {
    const samples = sorted(this.#samplesUs);
    const storedBytes = await this.#session.storedBytes();
    const memoryAfter = this.#memoryBefore === null ? null : await memoryBytes();
    await this.#session.destroy();
    return {
      blocksUs: this.#blocksUs,
      p50Us: quantile(samples, 0.5),
      p95Us: quantile(samples, 0.95),
      p99Us: quantile(samples, 0.99),
      maxUs: quantile(samples, 1),
      samples: samples.length,
      units: this.#units,
      flushes: this.#flushes,
      longTasks: this.#longTasks.count(this.#spans),
      droppedFrames: this.#frames.dropped(this.#spans),
      memoryGrowthBytes:
        memoryAfter === null || this.#memoryBefore === null
          ? null
          : memoryAfter - this.#memoryBefore,
      storedBytes,
      storedUnits: this.#warmUnits + this.#units,
    };
  }
}

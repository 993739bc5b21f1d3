/**
 * The volume's records on their way into the journal.
 *
 * Always true:
 * - records are appended in the order in which they were applied in memory, without a gap: each names
 *   the LSN before it, so that none follows one that was refused
 * - what the records of a turn refer to in the pool is flushed before the first of them is appended
 * - nothing is awaited between applying a group and its place in the order
 */
import type { Store } from '@varve/journal';
import {
  type Durability,
  isVarveError,
  recordFrameBytes,
  VarveError,
  withOutcome,
  writeRecordHead,
} from '@varve/protocol';
import { VOLUME_RECORD_TYPE } from './format.ts';
import { encodeRedo, type Redo, redoBytes } from './redo.ts';
import type { VolumeFiles } from './volume-files.ts';

interface Queued {
  readonly frames: Uint8Array;
  readonly lsn: number;
  readonly durability: Durability;
  readonly resolve: () => void;
  readonly reject: (error: VarveError) => void;
}

export class Records {
  bytes = 0;
  private queued: Queued[] = [];
  private readonly inFlight = new Set<Promise<unknown>>();
  private nextLsn: number;
  private hasDirect = false;
  private isSealing = false;
  private stopped: VarveError | undefined;
  private readonly store: Store;
  private readonly files: VolumeFiles;
  private readonly fail: (cause: VarveError) => void;

  constructor(
    store: Store,
    files: VolumeFiles,
    lastLsn: number,
    fail: (cause: VarveError) => void,
  ) {
    this.store = store;
    this.files = files;
    this.nextLsn = lastLsn + 1;
    this.fail = fail;
  }

  /** The last record that was issued. */
  get lastLsn(): number {
    return this.nextLsn - 1;
  }

  /** The record of a group, its images moved into it. */
  static frame(group: readonly Redo[]): Uint8Array {
    const payloadBytes = redoBytes(group);
    const frames = new Uint8Array(recordFrameBytes(0, payloadBytes));
    encodeRedo(group, frames, writeRecordHead(frames, 0, VOLUME_RECORD_TYPE, 0, payloadBytes));
    return frames;
  }

  /** Takes the next LSN for a record; the caller applies it before anything else happens. */
  push(frames: Uint8Array, durability: Durability, hasDirect: boolean): Promise<void> {
    if (this.stopped !== undefined) {
      return Promise.reject(withOutcome(this.stopped, 'not-written'));
    }
    const lsn = this.nextLsn++;
    this.bytes += frames.length;
    this.hasDirect ||= hasDirect;
    const pushed = new Promise<void>((resolve, reject) => {
      this.queued.push({ frames, lsn, durability, resolve, reject });
    });
    if (!this.isSealing) {
      this.isSealing = true;
      void Promise.resolve().then(() => this.seal());
    }
    return pushed;
  }

  /** Appends what is queued. */
  seal(): void {
    this.isSealing = false;
    if (this.stopped !== undefined) return;
    try {
      if (this.hasDirect) this.files.flushData();
      this.hasDirect = false;
    } catch (error) {
      this.fail(error as VarveError);
      return;
    }
    const taken = this.queued;
    this.queued = [];
    for (const queued of taken) this.append(queued);
  }

  private append({ frames, lsn, durability, resolve, reject }: Queued): void {
    const appending = this.store
      .append({ frames, durability, expect: lsn - 1 })
      .then(resolve, (cause: unknown) => {
        const error = isVarveError(cause)
          ? withOutcome(cause, cause.outcome ?? 'unknown')
          : new VarveError('IO_ERROR', 'appending failed', { cause, outcome: 'unknown' });
        // What is not in the log at its place will never be there: the order is broken behind it.
        this.fail(error);
        reject(error);
      })
      .finally(() => this.inFlight.delete(appending));
    this.inFlight.add(appending);
  }

  /** Nothing more is appended; what was not yet handed over never will be. */
  stop(cause: VarveError): void {
    this.stopped ??= cause;
    const taken = this.queued;
    this.queued = [];
    for (const { reject } of taken) reject(withOutcome(cause, 'not-written'));
  }

  /** Resolves when nothing is in flight any more, however it ended. */
  async settled(): Promise<void> {
    while (this.inFlight.size > 0) await Promise.allSettled(this.inFlight);
  }

  /** Everything issued so far is durable when it resolves. */
  async flush(): Promise<void> {
    this.seal();
    await this.settled();
    this.demandNotStopped();
    await this.store.flush();
    this.demandNotStopped();
  }

  /** @throws why nothing of what is in memory counts any more */
  demandNotStopped(): void {
    if (this.stopped !== undefined) throw this.stopped;
  }
}

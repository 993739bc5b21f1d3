/**
 * What a store does when nothing else is to be done, one small thing at a time: prove the last batch
 * with a mark, flush what relaxed appends left, make the next slot ahead, raise the witness, verify
 * the log.
 *
 * Always true: nothing here delays an append by more than one slice (of zeros, of reading) or one
 * flush.
 */
import { isVarveError } from '@varve/protocol';
import type { CommitQueue } from './commit-queue.ts';
import { GenerationFault } from './io.ts';
import { SCRUB_SLICE_BYTES } from './scrub.ts';
import type { StoreLife } from './store-life.ts';
import type { ScrubPace } from './store-port.ts';

/** An empty batch that proves the last flush is written when nothing followed it for so long. */
const MARK_DELAY_MS = 5;
const PREPARE_DELAY_MS = 20;
/** No space now; there may be some later. */
const PREPARE_RETRY_MS = 10_000;
const WITNESS_DELAY_MS = 2_000;
/** A timer that waits longer is asked again now and then: browsers count in 31 bits of ms. */
const SCRUB_LOOK_MS = 3_600_000;
const SCRUB_RETRY_MS = 60_000;

export class Idle {
  private readonly life: StoreLife;
  private readonly commits: CommitQueue;
  private cancelMark: (() => void) | undefined;
  private cancelFlush: (() => void) | undefined;
  private cancelPrepare: (() => void) | undefined;
  private cancelWitness: (() => void) | undefined;
  private cancelScrub: (() => void) | undefined;
  private committedMs = 0;
  private markedLsn = 0;
  private touchedMs = 0;

  constructor(life: StoreLife, commits: CommitQueue) {
    this.life = life;
    this.commits = commits;
  }

  /** Something was committed. */
  touched(): void {
    const { journal } = this.life;
    if (journal === undefined) return;
    const { timers } = this.life.host;
    const { tail } = journal;
    if (!tail.dirty && tail.begun && this.markedLsn !== tail.durableLsn) {
      this.touchedMs = this.life.host.clock.nowMs();
      this.cancelMark ??= timers.after(MARK_DELAY_MS, () => this.markUnlessBusy());
    }
    if (tail.dirty) {
      this.cancelFlush ??= timers.after(this.life.options.relaxedMs, () => this.flush());
    }
    this.cancelPrepare ??= timers.after(PREPARE_DELAY_MS, () => this.prepare());
    this.committedMs = this.life.host.clock.nowMs();
    const { scrub } = this.life.options;
    if (scrub) this.cancelScrub ??= timers.after(scrub.idleMs, () => this.scrub(scrub));
    this.cancelWitness ??= timers.after(WITNESS_DELAY_MS, () => {
      this.cancelWitness = undefined;
      void this.life.writeWitness(this.life.journal?.tail.durableLsn ?? 0);
    });
  }

  stop(): void {
    for (const cancel of [
      this.cancelMark,
      this.cancelFlush,
      this.cancelPrepare,
      this.cancelWitness,
      this.cancelScrub,
    ])
      cancel?.();
    this.cancelMark = this.cancelFlush = this.cancelPrepare = undefined;
    this.cancelWitness = this.cancelScrub = undefined;
  }

  /** One timer at a time: beginning one anew at every commit would cost a third of an append. */
  private markUnlessBusy(): void {
    const quietMs = this.life.host.clock.nowMs() - this.touchedMs;
    this.cancelMark = undefined;
    if (quietMs >= MARK_DELAY_MS) this.mark();
    else {
      const { timers } = this.life.host;
      this.cancelMark = timers.after(MARK_DELAY_MS - quietMs, () => this.markUnlessBusy());
    }
  }

  private mark(): void {
    this.guarded(() => {
      const { journal } = this.life;
      if (journal === undefined || journal.tail.dirty) return;
      this.markedLsn = journal.tail.durableLsn;
      journal.mark();
    });
  }

  private flush(): void {
    this.cancelFlush = undefined;
    if (this.life.journal?.tail.dirty !== true) return;
    try {
      this.commits.run((journal) => journal.flush());
    } catch {
      // The generation has ended, and whoever waited was told.
    }
  }

  private prepare(): void {
    this.cancelPrepare = undefined;
    this.guarded(() => {
      const { journal } = this.life;
      if (journal === undefined || !journal.slots.wantsSpare) return;
      journal.slots.prepareSlice();
      this.cancelPrepare = this.life.host.timers.after(1, () => this.prepare());
    });
  }

  /** One slice, when the store has been quiet for long enough, and a look at when the next is due. */
  private scrub(pace: ScrubPace): void {
    const { journal, host } = this.life;
    const again = (delayMs: number): void => {
      this.cancelScrub = host.timers.after(delayMs, () => this.scrub(pace));
    };
    this.cancelScrub = undefined;
    if (journal === undefined) return;
    const wallMs = host.clock.wallMs();
    const dueMs = journal.scrub.dueMs(pace.everyMs) - wallMs;
    const quietMs = host.clock.nowMs() - this.committedMs;
    if (dueMs > 0) again(Math.min(dueMs, SCRUB_LOOK_MS));
    else if (quietMs < pace.idleMs) again(pace.idleMs - quietMs);
    else {
      try {
        journal.scrub.slice(wallMs);
        again((SCRUB_SLICE_BYTES / pace.bytesPerSecond) * 1_000);
      } catch (error) {
        if (!isVarveError(error)) throw error;
        // Reading failed; nothing was promised, and whoever reads the place is told.
        journal.scrub.interrupt();
        again(SCRUB_RETRY_MS);
      }
    }
  }

  /** A fault in idle work ends the generation like any other; no space is not a fault. */
  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (error instanceof GenerationFault) this.life.endGeneration(error.cause);
      else if (isVarveError(error)) {
        this.life.announceQuota(error);
        this.cancelPrepare ??= this.life.host.timers.after(PREPARE_RETRY_MS, () => this.prepare());
      } else throw error;
    }
  }
}

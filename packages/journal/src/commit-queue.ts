/**
 * Group commit: callers in, one write and one flush out, each told for itself.
 *
 * Always true:
 * - what is staged between two commits is one group: one write, and one flush if anyone in it is
 *   promised more than `relaxed`
 * - a caller's promise settles once: after the flush (strict), after the write (relaxed), or with
 *   what became of it; never before the commit that holds its records
 * - a commit never waits for a caller
 */
import { type Durability, isVarveError, VarveError, withOutcome } from '@varve/protocol';
import { failedIo, GenerationFault } from './io.ts';
import type { Journal } from './journal.ts';
import type { StoreLife } from './store-life.ts';
import { stageExternal, stageRequest } from './stage.ts';
import type { Appended, AppendRequest, ClientStamp } from './store-port.ts';
import type { Waiters } from './waiters.ts';

interface PendingAppend {
  readonly appended: Appended;
  readonly strict: boolean;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: VarveError) => void;
}

/** The first may have begun before the flush, the others did not. */
const LOOKS_MAX = 3;

export class CommitQueue {
  /** Counts for `status()`. */
  groups = 0;
  records = 0;
  lastGroupRecords = 0;
  stalls = 0;
  private pending: PendingAppend[] = [];
  private queued = false;
  private readonly life: StoreLife;
  private readonly waiters: Waiters;
  private readonly committed: () => void;

  constructor(life: StoreLife, waiters: Waiters, committed: () => void) {
    this.life = life;
    this.waiters = waiters;
    this.committed = committed;
  }

  get size(): number {
    return this.pending.length;
  }

  /** More is unflushed than may wait. */
  get isFull(): boolean {
    const { journal, options } = this.life;
    return journal !== undefined && journal.tail.unflushedBytes > options.queueBytes;
  }

  append(request: AppendRequest): Promise<Appended> {
    const { life } = this;
    if (life.state === 'reopening') {
      const copy = { ...request, frames: request.frames.slice() };
      return life.reopening!.then(() => this.append(copy));
    }
    if (this.isFull) {
      this.stall();
      if (life.journal === undefined) return this.append(request);
    }
    return this.join(request.durability, (journal) => {
      const appended = stageRequest(journal, request);
      if (appended.refusal !== undefined) life.announceQuota(appended.refusal);
      return appended;
    });
  }

  /** The end of a stream: one record whose bytes are already there. */
  appendExternal(
    frame: Uint8Array,
    durability: Durability | undefined,
    stamp: ClientStamp | undefined,
  ): Promise<Appended> {
    return this.join(durability, (journal) => stageExternal(journal, frame, stamp));
  }

  /** Tells what is in the log already once it is as durable as was promised. */
  repeat(appended: Appended, durability: Durability | undefined): Promise<Appended> {
    return this.join(durability, () => appended);
  }

  /** Commits at once, so that what waits gets shorter. */
  stall(): void {
    this.stalls++;
    this.commit();
  }

  private join(
    durability: Durability | undefined,
    stage: (journal: Journal) => Appended,
  ): Promise<Appended> {
    const { journal, options } = this.life;
    if (journal === undefined) {
      return Promise.reject(withOutcome(this.life.refusal(), 'not-written'));
    }
    return new Promise((resolve, reject) => {
      const strict = (durability ?? options.durability) === 'strict';
      try {
        const appended = stage(journal);
        this.pending.push({ appended, strict, resolve, reject });
        this.queue();
      } catch (error) {
        reject(this.failed(error));
      }
    });
  }

  private failed(error: unknown): VarveError {
    const { life } = this;
    if (error instanceof GenerationFault) {
      life.endGeneration(error.cause);
      return withOutcome(error.cause, 'unknown');
    }
    if (isVarveError(error)) {
      life.announceQuota(error);
      return withOutcome(error, error.outcome ?? 'not-written');
    }
    return withOutcome(life.poison(error), 'unknown');
  }

  /** The commit runs after the callers of this turn have all staged their records. */
  queue(): void {
    if (this.queued) return;
    this.queued = true;
    queueMicrotaskTwice(() => {
      this.queued = false;
      this.commit();
    });
  }

  /** Writes what is staged, flushes it if anyone was promised that, and tells everyone. */
  commit(): void {
    const { journal, options } = this.life;
    if (journal === undefined) return;
    const promised = this.pending.some(({ strict }) => strict);
    const flush = promised || journal.tail.unflushedBytes >= options.relaxedBytes;
    const taken = this.take();
    try {
      if (flush) journal.flush();
      else journal.write();
    } catch (error) {
      this.fail(taken, error);
      return;
    }
    this.committed();
    this.acknowledge(taken);
  }

  /** Runs something that writes, and flushes; a refusal leaves those who wait where they are. */
  run<T>(operation: (journal: Journal) => T): T {
    const { journal } = this.life;
    if (journal === undefined) throw this.life.refusal();
    const taken = this.take();
    let result: T;
    try {
      result = operation(journal);
    } catch (error) {
      if (error instanceof GenerationFault) {
        this.fail(taken, error);
        throw error.cause;
      }
      this.pending = taken.concat(this.pending);
      this.queue();
      if (isVarveError(error)) this.life.announceQuota(error);
      throw error;
    }
    this.acknowledge(taken);
    return result;
  }

  /** A look for the files, if the last good one is too old. @throws STORE_LOST */
  async confirm(): Promise<void> {
    if (this.life.liveness!.isDue) await this.settleAfterCheck([]);
    if (this.life.state === 'lost') throw this.life.refusal();
  }

  /** The store closes: everyone is told how that went. */
  close(journal: Journal): VarveError | undefined {
    const taken = this.take();
    try {
      journal.closeClean();
    } catch (error) {
      const cause =
        error instanceof GenerationFault ? error.cause : failedIo(error, 'closing failed');
      rejectUnknown(taken, cause);
      return cause;
    }
    for (const { resolve, appended } of taken) resolve(appended);
    return undefined;
  }

  /** Nobody who waits now is acknowledged. */
  rejectAll(cause: VarveError): void {
    rejectUnknown(this.take(), cause);
  }

  /** Takes everyone who waits: they belong to the commit that follows. */
  private take(): PendingAppend[] {
    const taken = this.pending;
    this.pending = [];
    if (taken.length > 0) {
      this.groups++;
      this.lastGroupRecords = taken.reduce((sum, { appended }) => sum + appended.count, 0);
      this.records += this.lastGroupRecords;
    }
    return taken;
  }

  private fail(taken: readonly PendingAppend[], error: unknown): void {
    const cause =
      error instanceof GenerationFault ? error.cause : failedIo(error, 'committing failed');
    rejectUnknown(taken, cause);
    if (error instanceof GenerationFault) this.life.endGeneration(cause);
    else this.life.poison(cause);
  }

  /** Nobody is told on the strength of a look that is too old. */
  private acknowledge(taken: readonly PendingAppend[]): void {
    if (taken.length === 0 || !this.life.liveness!.isDue) return this.settle(taken);
    const { looks } = this.life;
    const look = this.settleAfterCheck(taken).finally(() => looks.delete(look));
    looks.add(look);
  }

  private settle(taken: readonly PendingAppend[]): void {
    const { tail } = this.life.opened!.journal!;
    for (const { resolve, appended } of taken) resolve(appended);
    if (taken.length > 0) this.life.ackedLsn = tail.writtenLsn;
    this.waiters.wake(tail.durableLsn, tail.writtenLsn);
    this.life.onEvent({ type: 'durable', lsn: tail.durableLsn });
  }

  private async settleAfterCheck(taken: readonly PendingAppend[], looks = 1): Promise<void> {
    const { life } = this;
    const { opened } = life;
    const there = await life
      .isThere()
      .catch((error: unknown) =>
        failedIo(error, 'looking for the store’s files failed', { store: life.name }),
      );
    if (there instanceof VarveError) {
      // Not gone, not there: opening again tells.
      rejectUnknown(taken, there);
      if (life.opened === opened) life.endGeneration(there);
    } else if (!there) {
      life.lose();
      rejectUnknown(taken, life.refusal());
    } else if (life.opened === opened && life.state === 'open') {
      // A look that took too long proves too little: another one. Where all of them do, one that began
      // after the flush has to do: nobody waits for ever.
      if (life.liveness!.isDue && looks < LOOKS_MAX) await this.settleAfterCheck(taken, looks + 1);
      else this.settle(taken);
    } else {
      // The flush had returned, and the file is closed only afterwards: the promise holds whatever
      // happened to the store meanwhile.
      for (const { resolve, appended } of taken) resolve(appended);
    }
  }
}

/** The commit did not happen as promised: nobody can say what of it will be there. */
function rejectUnknown(appends: readonly PendingAppend[], cause: VarveError): void {
  for (const { reject } of appends) reject(withOutcome(cause, 'unknown'));
}

/** After the callers of this turn, and after the callers that those wake. */
function queueMicrotaskTwice(task: () => void): void {
  void Promise.resolve().then(() => Promise.resolve().then(task));
}

/**
 * One open store: the asynchronous face of a journal.
 *
 * Who owns what: `StoreLife` the life cycle and the open journal · `Journal` (the synchronous core)
 * everything on disk · `CommitQueue` who waits for a commit · `Waiters` who waits for records ·
 * `Idle` what is done when nothing else is. Here: the streams that are open, and the order of all.
 *
 * Always true: in every state every method ends, with a result or a typed error.
 */
import type { Abort, Host } from '@varve/files';
import {
  type BatchLayout,
  type DamageRange,
  type ScrubStatus,
  type StoreEvent,
  type StoreLayout,
  type StoreStatus,
  VarveError,
  withOutcome,
} from '@varve/protocol';
import { CommitQueue } from './commit-queue.ts';
import { Idle } from './idle.ts';
import { exportImage } from './image.ts';
import type { Journal } from './journal.ts';
import { batchesOf, layoutOf } from './layout.ts';
import type { OpenedJournal } from './open-journal.ts';
import { readUnitPart } from './unit-part.ts';
import { readVisible } from './read-visible.ts';
import { salvageAll } from './salvage.ts';
import type { StoredState } from './state-record.ts';
import { statusOf } from './status.ts';
import { type Dependants, StoreLife, type StoreState } from './store-life.ts';
import type {
  Appended,
  AppendRequest,
  Chunk,
  ReaderHold,
  ReadRequest,
  StoreOptions,
  StorePort,
  UnitWriter,
} from './store-port.ts';
import { StreamUnit } from './stream-unit.ts';
import { Waiters } from './waiters.ts';

export class Store implements StorePort, Dependants {
  readonly life: StoreLife;
  readonly commits: CommitQueue;
  private readonly waiters = new Waiters();
  private readonly idle: Idle;
  private readonly streams = new Set<StreamUnit>();
  private closing: Promise<void> | undefined;

  constructor(
    host: Host,
    name: string,
    options: StoreOptions,
    onEvent: (event: StoreEvent) => void,
  ) {
    this.life = new StoreLife(host, name, options, onEvent, this);
    this.commits = new CommitQueue(this.life, this.waiters, () => this.idle.touched());
    this.idle = new Idle(this.life, this.commits);
  }

  get state(): StoreState {
    return this.life.state;
  }

  get host(): Host {
    return this.life.host;
  }

  /** Everything found damaged since the store was opened. */
  get damage(): DamageRange[] {
    return this.life.damage;
  }

  /** The journal while it may be written. */
  get journal(): Journal | undefined {
    return this.life.journal;
  }

  get openedJournal(): OpenedJournal | undefined {
    return this.life.opened;
  }

  set onEvent(listener: (event: StoreEvent) => void) {
    this.life.onEvent = listener;
  }

  get onEvent(): (event: StoreEvent) => void {
    return this.life.onEvent;
  }

  begun(): void {
    this.waiters.wake(this.life.ackedLsn, this.life.ackedLsn);
    this.idle.touched();
  }

  ended(cause: VarveError, over: boolean): void {
    this.commits.rejectAll(cause);
    for (const stream of this.streams) stream.fail(cause);
    if (!over) return;
    this.idle.stop();
    this.waiters.rejectAll(cause);
  }

  append(request: AppendRequest): Promise<Appended> {
    return this.commits.append(request);
  }

  tryAppend(request: AppendRequest): Promise<Appended> | undefined {
    const busy = this.commits.isFull || this.state === 'reopening';
    return busy ? undefined : this.commits.append(request);
  }

  async openUnit(): Promise<UnitWriter> {
    if (this.state === 'reopening') await this.life.reopening;
    const { journal } = this.life;
    if (journal === undefined) throw withOutcome(this.life.refusal(), 'not-written');
    const stream = new StreamUnit(this.life, this.commits, journal.openUnit(), () =>
      this.streams.delete(stream),
    );
    this.streams.add(stream);
    return stream;
  }

  async flush(): Promise<number> {
    if (this.state === 'reopening') await this.life.reopening;
    if (this.state === 'read-only') return this.life.opened!.readOnly!.lastLsn;
    const durableLsn = this.commits.run((journal) => {
      journal.flush();
      return journal.tail.durableLsn;
    });
    await this.commits.confirm();
    return durableLsn;
  }

  readChunk(request: ReadRequest): Chunk {
    // Asked first: it says why there is nothing to read from.
    const { source } = this.life;
    const [firstLsn, visible] = this.visibleRange(request.visibility);
    return readVisible(source, firstLsn, visible, request);
  }

  private visibleRange(visibility: 'durable' | 'written' | undefined): [number, number] {
    const { opened, options } = this.life;
    const { journal, readOnly } = opened!;
    if (journal === undefined) return [readOnly!.firstLsn, readOnly!.lastLsn];
    const written =
      (visibility ?? (options.durability === 'strict' ? 'durable' : 'written')) === 'written';
    const { tail, history } = journal;
    return [history.firstLsn, written ? tail.writtenLsn : tail.durableLsn];
  }

  readUnit(lsn: number, at: number, maxBytes: number): { bytes: Uint8Array; done: boolean } {
    const { source } = this.life;
    return readUnitPart(source, (request) => this.readChunk(request), lsn, at, maxBytes);
  }

  async waitBeyond(
    after: number,
    visibility: 'durable' | 'written',
    signal?: Abort,
  ): Promise<void> {
    if (this.state === 'reopening') await this.life.reopening;
    if (this.state !== 'open' && this.state !== 'read-only') throw this.life.refusal();
    const [, visible] = this.visibleRange(visibility);
    if (visible > after) return;
    await this.waiters.wait(after, visibility, signal);
  }

  holdHistory(after: number): ReaderHold {
    const { journal } = this.life;
    if (journal === undefined) return { advance: () => {}, release: () => {} };
    const holder = journal.history.hold(after);
    return {
      advance: (lsn) => {
        holder.lsn = lsn;
      },
      release: () => journal.history.release(holder),
    };
  }

  async checkpoint(state: Uint8Array, upTo: number): Promise<void> {
    if (this.state === 'reopening') await this.life.reopening;
    this.commits.run((journal) => journal.checkpoint(state, upTo));
    this.onEvent({ type: 'checkpointed', coveredLsn: upTo });
  }

  readState(): StoredState | undefined {
    return this.life.source.readState();
  }

  async trim(before: number): Promise<void> {
    if (this.state === 'reopening') await this.life.reopening;
    if (!Number.isSafeInteger(before) || before < 0) {
      throw new VarveError('BAD_ARGUMENT', 'before is not an LSN', { facts: { before } });
    }
    const firstLsn = this.commits.run((journal) => {
      journal.trim(before);
      return journal.history.firstLsn;
    });
    this.onEvent({ type: 'trimmed', firstLsn });
  }

  status(): StoreStatus {
    return statusOf(this.life, this.commits);
  }

  layout(): StoreLayout {
    return layoutOf(this.life.source);
  }

  batches(slot: number): BatchLayout[] {
    return batchesOf(this.life.source, slot);
  }

  exportImage(): AsyncIterableIterator<Uint8Array> {
    return exportImage(this.life, this.commits);
  }

  salvage(): Iterable<Chunk | DamageRange> {
    const [firstLsn, visible] = this.visibleRange('durable');
    return salvageAll((request) => this.readChunk(request), firstLsn, visible);
  }

  /**
   * Verifies the whole log now, slice by slice; what else is to be done goes first between slices.
   * @throws VarveError IO_ERROR, ABORTED or the signal's reason, READ_ONLY, CLOSED
   */
  async scrub(signal?: Abort, onProgress?: (status: ScrubStatus) => void): Promise<ScrubStatus> {
    for (let done = false; !done;) {
      if (signal?.aborted === true) throw abortReason(signal);
      const { journal, host } = this.life;
      if (journal === undefined) throw this.life.refusal();
      done = journal.scrub.slice(host.clock.wallMs());
      onProgress?.(journal.scrub.status);
      if (!done) await new Promise<void>((resolve) => host.timers.after(0, resolve));
    }
    return this.life.opened!.journal!.scrub.status;
  }

  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  private async closeNow(): Promise<void> {
    const { life } = this;
    let failed: VarveError | undefined;
    // The look takes time, in which a generation may end: whoever came back behind us would never close.
    do {
      if (life.state === 'reopening') await life.reopening;
      if (life.state === 'open' && !(await life.isThere().catch(() => true))) {
        life.lose();
        failed = life.refusal();
      }
    } while (life.state === 'reopening');
    const { journal } = life;
    if (journal !== undefined) failed = this.closeJournal(journal);
    if (life.state === 'open' || life.state === 'read-only') {
      life.end('closed', life.closedError());
    }
    await life.closing;
    this.onEvent({ type: 'closed' });
    if (failed !== undefined) throw failed;
    if (journal !== undefined) await life.writeWitness(journal.tail.durableLsn);
  }

  private closeJournal(journal: Journal): VarveError | undefined {
    for (const stream of this.streams) stream.fail(this.life.closedError());
    return this.commits.close(journal);
  }

  abandon(): void {
    this.life.end('closed', this.life.closedError());
  }
}

function abortReason({ reason }: Abort): Error {
  return reason instanceof Error ? reason : new VarveError('ABORTED', undefined, { cause: reason });
}

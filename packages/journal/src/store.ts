/**
 * One open store: the asynchronous face of a journal.
 *
 * Who owns what: `Journal` (the synchronous core) everything on disk · `GroupCommit` who waits for
 * the next commit · `Waiters` who waits for records · `Liveness` whether the files are still there ·
 * `Idle` what is done when nothing else is. Here: the life cycle, and the order of all of them.
 *
 * Always true:
 * - a promise of `append` settles after the commit that holds its records, never before
 * - a failed write or flush ends the journal's generation; the store reopens itself, or stays closed
 * - in every state every method ends: with a result or a typed error
 */
import type { Abort, Host } from '@varve/files';
import {
  type BatchLayout,
  type DamageRange,
  isVarveError,
  type RecoveryReport,
  type StoreEvent,
  type StoreLayout,
  type StoreStatus,
  VarveError,
  withOutcome,
} from '@varve/protocol';
import { GroupCommit, type PendingAppend, rejectUnknown } from './group-commit.ts';
import { Idle } from './idle.ts';
import { exportImage } from './image.ts';
import { failedIo, GenerationFault } from './io.ts';
import type { Journal, JournalEnvironment } from './journal.ts';
import { batchesOf, layoutOf } from './layout.ts';
import { Liveness } from './liveness.ts';
import { type OpenedJournal, openJournal } from './open-journal.ts';
import { readUnitPart } from './unit-part.ts';
import { salvageAll } from './salvage.ts';
import { statusOf } from './status.ts';
import { JOURNAL_FILE } from './store-files.ts';
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

export type StoreState = StoreStatus['state'];

const REOPEN_DELAYS_MS = [0, 50, 500, 2_000];

export class Store implements StorePort {
  readonly name: string;
  readonly host: Host;
  readonly options: StoreOptions;
  readonly commits = new GroupCommit();
  onEvent: (event: StoreEvent) => void;
  state: StoreState = 'closed';
  stalls = 0;
  flushesBefore = 0;
  readonly damage: DamageRange[] = [];
  private opened: OpenedJournal | undefined;
  private report: RecoveryReport | undefined;
  private liveness: Liveness | undefined;
  private readonly waiters = new Waiters();
  private readonly idle: Idle;
  private readonly environment: JournalEnvironment;
  private commitQueued = false;
  private reopening: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private endedBy: VarveError | undefined;
  private ackedLsn = 0;
  private unitsOpen = new Set<StreamUnit>();

  constructor(
    host: Host,
    name: string,
    options: StoreOptions,
    onEvent: (event: StoreEvent) => void,
  ) {
    this.host = host;
    this.name = name;
    this.options = options;
    this.onEvent = onEvent;
    this.environment = {
      nowMs: () => host.clock.nowMs(),
      wallMs: () => host.clock.wallMs(),
      fill: (bytes) => host.random.fill(bytes),
      onDamage: (range) => this.noteDamage(range),
    };
    this.idle = new Idle(host, this);
  }

  /** Opens for the first time. Called once, by `openStore`. */
  async start(): Promise<void> {
    await this.begin();
    this.onEvent({ type: 'recovered', report: this.report! });
    for (const range of this.opened!.recovered.damage) this.noteDamage(range);
  }

  private async begin(): Promise<void> {
    const before = this.state;
    const opened = await openJournal(this.host, this.name, this.options, this.environment);
    if (this.state !== before) {
      // Abandoned while it was being reopened: whoever comes next must find the file free.
      opened.file.close();
      throw this.refusal();
    }
    this.opened = opened;
    const { recovered, journal } = opened;
    this.ackedLsn = recovered.end.lastLsn;
    this.report = {
      rows: [opened.openingRow, ...recovered.rows],
      clean: recovered.verdict === 'clean',
      generation: journal?.generation ?? recovered.superblock.generation,
      lastLsn: recovered.end.lastLsn,
      scannedBytes: recovered.scannedBytes,
      durationMs: opened.durationMs,
      rewrittenRecords: journal?.rewrittenRecords ?? 0,
      tornBytes: recovered.tornBytes,
      tailUncertain: recovered.tailUncertain,
      damage: recovered.damage,
      invalidSuperblocks: recovered.invalidSuperblocks,
    };
    this.liveness = new Liveness(
      () => opened.directory.hasFile(JOURNAL_FILE),
      () => this.host.clock.nowMs(),
    );
    this.liveness.suspectFrom = recovered.end.lastLsn + 1;
    this.state = journal === undefined ? 'read-only' : 'open';
    this.idle.touched();
  }

  /** The journal while it may be written. */
  get journal(): Journal | undefined {
    return this.state === 'open' ? this.opened?.journal : undefined;
  }

  get openedJournal(): OpenedJournal | undefined {
    return this.opened;
  }

  get recoveryReport(): RecoveryReport {
    return this.report!;
  }

  append(request: AppendRequest): Promise<Appended> {
    if (this.state === 'reopening') {
      const copy = { ...request, frames: request.frames.slice() };
      return this.reopening!.then(() => this.append(copy));
    }
    const { journal } = this;
    if (journal === undefined) return Promise.reject(withOutcome(this.refusal(), 'not-written'));
    if (journal.tail.unflushedBytes > this.options.queueBytes) {
      this.stalls++;
      this.commit();
      if (this.journal === undefined) return this.append(request);
    }
    return new Promise((resolve, reject) => {
      const strict = (request.durability ?? this.options.durability) === 'strict';
      try {
        const appended = this.stage(journal, request);
        this.commits.add({ appended, strict, resolve, reject });
        this.queueCommit();
      } catch (error) {
        reject(this.failedAppend(error));
      }
    });
  }

  /** The end of a stream: one record whose bytes are already there. */
  appendExternal(frame: Uint8Array, durability = this.options.durability): Promise<Appended> {
    const { journal } = this;
    if (journal === undefined) return Promise.reject(withOutcome(this.refusal(), 'not-written'));
    return new Promise((resolve, reject) => {
      try {
        journal.tail.addRecords(frame, 0, frame.length, 1);
        const appended = { firstLsn: journal.tail.lastLsn, count: 1, groups: 1 };
        this.commits.add({ appended, strict: durability === 'strict', resolve, reject });
        this.queueCommit();
      } catch (error) {
        reject(this.failedAppend(error));
      }
    });
  }

  tryAppend(request: AppendRequest): Promise<Appended> | undefined {
    const { journal } = this;
    const full = journal !== undefined && journal.tail.unflushedBytes > this.options.queueBytes;
    return full || this.state === 'reopening' ? undefined : this.append(request);
  }

  /** Stages all groups, or as many as there is room for. */
  private stage(journal: Journal, request: AppendRequest): Appended {
    const { frames, groups, expect } = request;
    const before = journal.tail.lastLsn;
    if (expect !== undefined && expect !== before) {
      throw new VarveError('CONFLICT', undefined, {
        facts: { expected: expect, lastLsn: before },
        outcome: 'not-written',
      });
    }
    const lengths = groups ?? [frames.length];
    let at = 0;
    let staged = 0;
    try {
      for (; staged < lengths.length; staged++) {
        const end = at + lengths[staged]!;
        if (!(end > at && end <= frames.length))
          throw new VarveError('BAD_MESSAGE', 'a group lies outside of its frames');
        journal.append(frames, at, end);
        at = end;
      }
    } catch (error) {
      if (staged === 0 || !isVarveError(error)) throw error;
      this.announceQuota(error);
      const refusal = withOutcome(error, 'not-written');
      return {
        firstLsn: before + 1,
        count: journal.tail.lastLsn - before,
        groups: staged,
        refusal,
      };
    }
    return { firstLsn: before + 1, count: journal.tail.lastLsn - before, groups: staged };
  }

  private failedAppend(error: unknown): VarveError {
    if (error instanceof GenerationFault) {
      this.endGeneration(error.cause);
      return withOutcome(error.cause, 'unknown');
    }
    if (isVarveError(error)) {
      this.announceQuota(error);
      return withOutcome(error, error.outcome ?? 'not-written');
    }
    // A broken invariant: nothing this store says can be trusted any more.
    this.poison(new VarveError('POISONED', String(error), { cause: error }));
    return withOutcome(this.endedBy!, 'unknown');
  }

  announceQuota(error: VarveError): void {
    if (error.code === 'QUOTA_EXCEEDED' || error.code === 'STORE_FULL') {
      this.onEvent({ type: 'quota', message: error.message });
    }
  }

  /** The commit runs after the callers of this turn have all staged their records. */
  queueCommit(): void {
    if (this.commitQueued) return;
    this.commitQueued = true;
    queueMicrotaskTwice(() => {
      this.commitQueued = false;
      this.commit();
    });
  }

  /** Writes what is staged, flushes it if anyone was promised that, and tells everyone. */
  commit(): void {
    const { journal } = this;
    if (journal === undefined) return;
    const { tail } = journal;
    const flush = this.commits.wantsFlush || tail.unflushedBytes >= this.options.relaxedBytes;
    const taken = this.commits.take();
    try {
      if (flush) journal.flush();
      else journal.write();
    } catch (error) {
      const cause =
        error instanceof GenerationFault ? error.cause : failedIo(error, 'committing failed');
      rejectUnknown(taken, cause);
      if (error instanceof GenerationFault) this.endGeneration(cause);
      else this.poison(new VarveError('POISONED', cause.message, { cause: error }));
      return;
    }
    this.idle.touched();
    if (taken.length > 0 && this.liveness!.isDue) void this.settleAfterCheck(taken);
    else this.settle(taken);
  }

  private settle(appends: readonly PendingAppend[]): void {
    const { tail } = this.opened!.journal!;
    for (const { resolve, appended } of appends) resolve(appended);
    if (appends.length > 0) this.ackedLsn = tail.writtenLsn;
    this.waiters.wake(tail.durableLsn, tail.writtenLsn);
    this.onEvent({ type: 'durable', lsn: tail.durableLsn });
  }

  private async settleAfterCheck(appends: readonly PendingAppend[]): Promise<void> {
    const { opened } = this;
    const there = await this.liveness!.check(this.ackedLsn).catch((error: unknown) =>
      failedIo(error, 'looking for the store’s files failed', { store: this.name }),
    );
    if (there instanceof VarveError) {
      // Not gone, not there: opening again tells.
      rejectUnknown(appends, there);
      if (this.opened === opened) this.endGeneration(there);
    } else if (!there) {
      this.lose();
      rejectUnknown(appends, this.refusal());
    } else if (this.opened === opened && this.state === 'open') {
      this.settle(appends);
    } else {
      // The flush had returned: the promise holds whatever happened to the store meanwhile.
      for (const { resolve, appended } of appends) resolve(appended);
    }
  }

  /** The files are gone: what was acknowledged since the last good check may be void. */
  private lose(): void {
    if (this.state === 'lost') return;
    const from = this.liveness!.suspectFrom;
    this.end(
      'lost',
      new VarveError('STORE_LOST', 'the store’s files vanished while it was open', {
        facts: { store: this.name, from, to: this.ackedLsn },
      }),
    );
    this.onEvent({ type: 'lost', from, to: this.ackedLsn });
  }

  /** A write or flush failed: this generation acknowledges nothing more. */
  endGeneration(cause: VarveError): void {
    if (this.state !== 'open') return;
    this.state = 'reopening';
    this.flushesBefore += this.opened!.journal!.tail.flushes;
    rejectUnknown(this.commits.take(), cause);
    for (const unit of this.unitsOpen) unit.fail(cause);
    this.unitsOpen.clear();
    this.onEvent({
      type: 'poisoned',
      message: cause.message,
      generation: this.opened!.journal!.generation,
    });
    this.announceQuota(cause);
    this.opened!.file.close();
    this.reopening = this.reopen(cause);
  }

  private async reopen(cause: VarveError): Promise<void> {
    let last = cause;
    for (const delayMs of REOPEN_DELAYS_MS) {
      if (delayMs > 0) await this.sleep(delayMs);
      if (this.state !== 'reopening') return;
      try {
        await this.begin();
        this.waiters.wake(this.ackedLsn, this.ackedLsn);
        this.onEvent({ type: 'reopened', report: this.report! });
        return;
      } catch (error) {
        if (this.state !== 'reopening') return;
        last = isVarveError(error) ? error : failedIo(error, 'reopening failed');
        if (last.code === 'STORE_LOST' || last.code === 'CORRUPT') break;
      }
    }
    this.end(
      last.code === 'STORE_LOST' ? 'lost' : 'poisoned',
      new VarveError('POISONED', last.message, { cause: last }),
    );
  }

  private sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.host.timers.after(delayMs, resolve));
  }

  private poison(error: VarveError): void {
    this.end('poisoned', error);
    this.onEvent({ type: 'poisoned', message: error.message, generation: this.report!.generation });
  }

  /** No way back: everyone who waits is told. */
  private end(state: StoreState, error: VarveError): void {
    this.endedBy = error;
    this.state = state;
    this.idle.stop();
    rejectUnknown(this.commits.take(), error);
    for (const unit of this.unitsOpen) unit.fail(error);
    this.unitsOpen.clear();
    this.waiters.rejectAll(error);
    // Chromium never returns from closing a handle whose file was cleared away, and nobody would
    // hear of the loss (e2e/tests/cleared.spec.ts). There the handle ends with its worker.
    if (state !== 'lost' || this.host.kind !== 'opfs') this.opened?.file.close();
  }

  /** Why this store takes no appends now. */
  private refusal(): VarveError {
    if (this.endedBy !== undefined) return this.endedBy;
    if (this.state === 'read-only') {
      const [range] = this.damage;
      return new VarveError('READ_ONLY', undefined, {
        facts:
          range === undefined
            ? { store: this.name }
            : { store: this.name, from: range.from, to: range.to },
      });
    }
    return new VarveError('CLOSED', undefined, { facts: { store: this.name } });
  }

  openUnit(): UnitWriter {
    const { journal } = this;
    if (journal === undefined) throw withOutcome(this.refusal(), 'not-written');
    const unit = new StreamUnit(this, journal.openUnit(), () => this.unitsOpen.delete(unit));
    this.unitsOpen.add(unit);
    return unit;
  }

  async flush(): Promise<number> {
    if (this.state === 'reopening') await this.reopening;
    const { journal } = this;
    if (journal === undefined) {
      if (this.state === 'read-only') return this.opened!.readOnly!.lastLsn;
      throw this.refusal();
    }
    const taken = this.commits.take();
    try {
      journal.flush();
    } catch (error) {
      const cause =
        error instanceof GenerationFault ? error.cause : failedIo(error, 'flushing failed');
      rejectUnknown(taken, cause);
      this.endGeneration(cause);
      throw cause;
    }
    this.settle(taken);
    return journal.tail.durableLsn;
  }

  readChunk(request: ReadRequest): Chunk {
    const source = this.source();
    const [firstLsn, visible] = this.visibleRange(request.visibility);
    let { after } = request;
    if (after + 1 < firstLsn) {
      if (after !== 0) {
        throw new VarveError('TRIMMED', undefined, { facts: { after, firstLsn } });
      }
      after = firstLsn - 1;
    }
    const upTo = Math.min(visible, (request.before ?? Number.MAX_SAFE_INTEGER) - 1);
    if (after >= upTo) return { bytes: new Uint8Array(0), runs: [], done: true };
    return source.read({ after, upTo, maxBytes: request.maxBytes }, request.reverse === true);
  }

  private visibleRange(visibility: 'durable' | 'written' | undefined): [number, number] {
    const { journal, readOnly } = this.opened!;
    if (journal === undefined) return [readOnly!.firstLsn, readOnly!.lastLsn];
    const written =
      (visibility ?? (this.options.durability === 'strict' ? 'durable' : 'written')) === 'written';
    return [journal.firstLsn, written ? journal.tail.writtenLsn : journal.tail.durableLsn];
  }

  /** What can be read now. */
  private source(): NonNullable<OpenedJournal['journal'] | OpenedJournal['readOnly']> {
    const source = this.opened?.journal ?? this.opened?.readOnly;
    if (source === undefined || (this.state !== 'open' && this.state !== 'read-only'))
      throw this.refusalToRead();
    return source;
  }

  private refusalToRead(): VarveError {
    if (this.state !== 'reopening') return this.refusal();
    return new VarveError('IO_ERROR', 'the store is being reopened', {
      facts: { store: this.name, retry: true },
    });
  }

  readUnit(lsn: number, at: number, maxBytes: number): { bytes: Uint8Array; done: boolean } {
    return readUnitPart(this.source(), (request) => this.readChunk(request), lsn, at, maxBytes);
  }

  async waitBeyond(
    after: number,
    visibility: 'durable' | 'written',
    signal?: Abort,
  ): Promise<void> {
    if (this.state === 'reopening') await this.reopening;
    if (this.state !== 'open' && this.state !== 'read-only') throw this.refusal();
    const [, visible] = this.visibleRange(visibility);
    if (visible > after) return;
    await this.waiters.wait(after, visibility, signal);
  }

  holdHistory(after: number): ReaderHold {
    const { journal } = this;
    if (journal === undefined) return { advance: () => {}, release: () => {} };
    const holder = journal.hold(after);
    return {
      advance: (lsn) => {
        holder.lsn = lsn;
      },
      release: () => journal.release(holder),
    };
  }

  async checkpoint(state: Uint8Array, upTo: number): Promise<void> {
    if (this.state === 'reopening') await this.reopening;
    await this.withJournal((journal) => journal.checkpoint(state, upTo));
    this.onEvent({ type: 'checkpointed', coveredLsn: upTo });
  }

  readState(): { state: Uint8Array; coveredLsn: number } | undefined {
    return this.source().readState();
  }

  async trim(before: number): Promise<void> {
    if (this.state === 'reopening') await this.reopening;
    if (!Number.isSafeInteger(before) || before < 0) {
      throw new VarveError('BAD_ARGUMENT', 'before is not an LSN', { facts: { before } });
    }
    await this.withJournal((journal) => journal.trim(before));
    this.onEvent({ type: 'trimmed', firstLsn: this.opened!.journal!.firstLsn });
  }

  /** Runs `look` when everything appended so far is durable and no batch is open. */
  async atRest<T>(look: (journal: Journal) => T): Promise<T> {
    let seen: { value: T } | undefined;
    await this.withJournal((journal) => {
      journal.flush();
      seen = { value: look(journal) };
    });
    return seen!.value;
  }

  /** Runs something that writes; a fault in it ends the generation, whoever waited is told. */
  private async withJournal(operation: (journal: Journal) => void): Promise<void> {
    const { journal } = this;
    if (journal === undefined) throw this.refusal();
    const taken = this.commits.take();
    try {
      operation(journal);
    } catch (error) {
      if (error instanceof GenerationFault) {
        rejectUnknown(taken, error.cause);
        this.endGeneration(error.cause);
        throw error.cause;
      }
      for (const append of taken) this.commits.add(append);
      this.queueCommit();
      if (isVarveError(error)) this.announceQuota(error);
      throw error;
    }
    this.settle(taken);
  }

  status(): StoreStatus {
    return statusOf(this);
  }

  layout(): StoreLayout {
    return layoutOf(this.source());
  }

  batches(slot: number): BatchLayout[] {
    return batchesOf(this.source(), slot);
  }

  exportImage(): AsyncIterableIterator<Uint8Array> {
    return exportImage(this);
  }

  salvage(): Iterable<Chunk | DamageRange> {
    const [firstLsn, visible] = this.visibleRange('durable');
    return salvageAll((request) => this.readChunk(request), firstLsn, visible);
  }

  private noteDamage(range: DamageRange): void {
    if (this.damage.some(({ from, to }) => from === range.from && to === range.to)) return;
    this.damage.push(range);
    this.onEvent({ type: 'damage', range });
  }

  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  private async closeNow(): Promise<void> {
    if (this.state === 'reopening') await this.reopening;
    let failed: VarveError | undefined;
    if (this.state === 'open') {
      const there = await this.liveness!.check(this.ackedLsn).catch(() => true);
      if (!there) {
        this.lose();
        failed = this.refusal();
      }
    }
    const { journal } = this;
    const taken = this.commits.take();
    if (journal !== undefined) {
      try {
        for (const unit of this.unitsOpen) unit.fail(this.refusalToClose());
        journal.closeClean();
      } catch (error) {
        failed = error instanceof GenerationFault ? error.cause : failedIo(error, 'closing failed');
      }
    }
    if (failed === undefined) for (const { resolve, appended } of taken) resolve(appended);
    else rejectUnknown(taken, failed);
    const wasOpen = this.state === 'open' || this.state === 'read-only';
    if (wasOpen) this.end('closed', this.refusalToClose());
    this.onEvent({ type: 'closed' });
    if (journal !== undefined && failed === undefined)
      await this.writeWitness(journal.tail.durableLsn);
    if (failed !== undefined) throw failed;
  }

  private refusalToClose(): VarveError {
    return new VarveError('CLOSED', undefined, { facts: { store: this.name } });
  }

  /** Raises the witness's lower bound of what is durable. Its failure costs nothing but that. */
  async writeWitness(durableLsn: number): Promise<void> {
    const witness = this.opened?.witness;
    if (witness === undefined || durableLsn <= witness.durableLsn) return;
    try {
      await this.host.witness.write(this.name, { ...witness, durableLsn });
      if (this.opened !== undefined)
        this.opened = { ...this.opened, witness: { ...witness, durableLsn } };
    } catch {
      // A lower bound that stays lower proves less, never something wrong.
    }
  }

  abandon(): void {
    this.end('closed', this.refusalToClose());
  }
}

/** After the callers of this turn, and after the callers that those wake. */
function queueMicrotaskTwice(task: () => void): void {
  void Promise.resolve().then(() => Promise.resolve().then(task));
}

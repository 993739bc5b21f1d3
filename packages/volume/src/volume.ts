/**
 * One open volume: arguments, order, and what happens after a fault.
 *
 * Who owns what: `Core` everything in memory that a fault voids · `Gate` who may change something
 * now · `Work` deletions and restores in the background · here: the life cycle.
 *
 * Always true:
 * - in every state every call ends, with a result or a typed error
 * - after a fault nothing is issued on what was in memory: it is loaded anew from the journal first
 */
import type { Abort, Host } from '@varve/files';
import type { Store } from '@varve/journal';
import { isVarveError, type StoreEvent, VarveError, withOutcome } from '@varve/protocol';
import { changesOf, cutTail } from './changes.ts';
import { check } from './checker.ts';
import { Core } from './core.ts';
import { diff } from './diff.ts';
import { ORIGIN, SNAPSHOTS_MAX } from './format.ts';
import { Gate } from './gate.ts';
import type { Snapshot } from './header.ts';
import { bitMask, lowestClear, NO_BITS, union } from './mask.ts';
import { chunkStates } from './chunk-states.ts';
import {
  checkName,
  checkSize,
  type CompleteOptions,
  demand,
  demandCount,
  GROUP_BYTES_MAX,
} from './options.ts';
import { headerOf, type OpenFiles, openFiles, type Place } from './place.ts';
import { type Changes, plan, type Plan } from './planner.ts';
import { Reader } from './reader.ts';
import type { VolumeState } from './state.ts';
import type {
  AtomicOp,
  ByteRange,
  CheckOptions,
  CheckReport,
  ChunkState,
  ReadOptions,
  SnapshotInfo,
  Volume,
  VolumeEvent,
  VolumeStatus,
  WorkOptions,
  WriteOptions,
} from './volume-port.ts';
import { Work } from './work.ts';

const RELOAD_DELAYS_MS = [0, 50, 500, 2_000];
const CHECKPOINT_SLICE_BYTES = 1_048_576;
const READ_SLICE_BYTES = 1_048_576;

export class OpenVolume implements Volume {
  onEvent: (event: VolumeEvent) => void;
  private readonly name: string;
  private readonly host: Host;
  private readonly options: CompleteOptions;
  private readonly place: Place;
  private readonly gate = new Gate();
  private readonly work: Work;
  private lifeState: VolumeStatus['state'] = 'reloading';
  private endedBy: VarveError | undefined;
  private opened: OpenFiles | undefined;
  private core!: Core;
  private reader!: Reader;
  private reloading: Promise<void> | undefined;
  private checkpointing: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private writtenBytes = 0;

  constructor(
    host: Host,
    name: string,
    options: CompleteOptions,
    place: Place,
    onEvent: (event: VolumeEvent) => void,
  ) {
    this.host = host;
    this.name = name;
    this.options = options;
    this.place = place;
    this.onEvent = onEvent;
    this.work = new Work({
      core: () => (this.lifeState === 'open' ? this.core : undefined),
      gate: this.gate,
      timers: host.timers,
      stepExceptions: options.stepExceptions,
      voided: (cause) => this.voided(cause),
      giveUp: (cause) => this.giveUp(cause),
      onEvent: (event) => this.onEvent(event),
    });
  }

  private get store(): Store {
    return this.place.store;
  }

  private get state(): VolumeState {
    return this.core.state;
  }

  /** Opens for the first time. */
  async start(): Promise<void> {
    await this.load();
  }

  private async load(): Promise<void> {
    this.opened?.data.close();
    this.opened?.meta.close();
    this.opened = undefined;
    const opened = await openFiles(this.place, this.name);
    try {
      const random = new Uint8Array(4);
      this.host.random.fill(random);
      const seed = new DataView(random.buffer).getUint32(0, true);
      const base = await headerOf(this.place, this.name, this.options, () => seed);
      this.demandNotEnded();
      this.core = new Core(this.store, opened, base, this.options, (cause) => this.fail(cause));
    } catch (error) {
      opened.data.close();
      opened.meta.close();
      throw error;
    }
    this.opened = opened;
    this.reader = new Reader(this.state, this.core.files);
    this.lifeState = 'open';
    this.work.loaded();
  }

  private demandNotEnded(): void {
    if (this.endedBy !== undefined) throw this.endedBy;
  }

  heard(event: StoreEvent): void {
    if (event.type === 'durable' && this.lifeState === 'open') {
      this.core.durableLsn = Math.max(this.core.durableLsn, event.lsn);
    }
    if (event.type === 'poisoned' || event.type === 'lost') {
      this.fail(new VarveError('IO_ERROR', 'the volume’s journal failed', { outcome: 'unknown' }));
    }
    this.onEvent({ type: 'store', event });
  }

  /** What is in memory may say what the journal does not: it is void. */
  private fail(cause: VarveError): void {
    if (this.lifeState !== 'open') return;
    this.lifeState = 'reloading';
    this.gate.close();
    this.core.records.stop(cause);
    this.reloading = this.reload(cause);
  }

  private voided(cause: unknown): VarveError {
    const error = isVarveError(cause)
      ? cause
      : new VarveError('POISONED', String(cause), { cause });
    this.fail(error);
    return withOutcome(error, 'not-written');
  }

  /** What was begun cannot be finished, and nothing else may go on before. */
  private giveUp(cause: VarveError): void {
    this.end('failed', new VarveError('POISONED', cause.message, { cause }));
    this.onEvent({ type: 'failed', message: cause.message });
  }

  private async reload(cause: VarveError): Promise<void> {
    let last = cause;
    await this.core.records.settled();
    for (const delayMs of RELOAD_DELAYS_MS) {
      if (delayMs > 0) await this.pause(delayMs);
      if (this.lifeState !== 'reloading') return;
      try {
        // Waits for the store to be open again, and for what is in it to be durable.
        await this.store.flush();
        await this.load();
        this.onEvent({ type: 'reloaded', replayedRecords: this.core.replayed.records });
        this.gate.open();
        return;
      } catch (error) {
        last = isVarveError(error)
          ? error
          : new VarveError('POISONED', String(error), { cause: error });
        if (last.code !== 'IO_ERROR' && last.code !== 'STORE_BUSY') break;
      }
    }
    if (this.lifeState === 'reloading') this.giveUp(last);
  }

  private pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.host.timers.after(delayMs, resolve));
  }

  /** No way back: everyone who waits is told. */
  private end(state: 'failed' | 'closed', error: VarveError): void {
    if (this.endedBy !== undefined) return;
    this.endedBy = error;
    const wasReloading = this.lifeState === 'reloading';
    this.lifeState = state;
    this.core?.records.stop(error);
    this.work.end(error);
    this.opened?.data.close();
    this.opened?.meta.close();
    this.store.abandon();
    // Whoever waits at the gate goes through, and is refused.
    if (wasReloading && this.reloading !== undefined) this.gate.open();
    this.work.letGo();
  }

  // Changes. Each passes the gate, and is planned, applied and queued in one go.

  private change<T>(signal: Abort | undefined, task: () => Promise<T>): Promise<T> {
    return this.gate.enter(async () => {
      if (signal?.aborted === true) throw abortReason(signal, 'not-written');
      if (this.endedBy !== undefined) throw withOutcome(this.endedBy, 'not-written');
      return orAborted(task(), signal, 'unknown');
    });
  }

  /** Plans; once more behind a checkpoint when what is missing is in quarantine. `keep`: for later. */
  private issue(planned: () => Plan, keep: () => void): Promise<void> {
    try {
      return this.issueOnce(planned());
    } catch (error) {
      const mayHelp = isVarveError(error, 'VOLUME_FULL') && this.state.pool.quarantine.size > 0;
      if (!mayHelp) throw notWritten(error);
    }
    keep();
    return this.issueLater(planned);
  }

  private async issueLater(planned: () => Plan): Promise<void> {
    let issued: Promise<void>;
    this.gate.close();
    try {
      await this.checkpoint();
      if (this.lifeState !== 'open') throw this.refusal();
      issued = this.issueOnce(planned());
    } catch (error) {
      throw notWritten(error);
    } finally {
      this.gate.open();
    }
    await issued;
  }

  private issueOnce(planned: Plan): Promise<void> {
    if (planned.group.length === 0) return this.core.records.flush();
    let journalled = 0;
    for (const { op } of planned.group) if (op === 'image') journalled += this.state.chunkBytes;
    demand(journalled <= GROUP_BYTES_MAX, 'ops', `at most ${GROUP_BYTES_MAX} bytes to journal`);
    const issued = this.core.issue(planned, 'strict', (cause) => this.voided(cause));
    return issued.then(() => this.tidy());
  }

  /** After something became durable. */
  private tidy(): void {
    if (this.lifeState !== 'open') return;
    try {
      this.core.relieve();
    } catch (error) {
      this.fail(error as VarveError);
      return;
    }
    if (this.core.isCheckpointDue && this.checkpointing === undefined) {
      this.checkpoint().catch(() => {});
    }
  }

  private refusal(): VarveError {
    return (
      this.endedBy ??
      new VarveError('IO_ERROR', 'the volume is being loaded anew', {
        facts: { store: this.name, retry: true },
        outcome: 'not-written',
      })
    );
  }

  write(at: number, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
    return this.atomic([{ write: { at, bytes } }], options);
  }

  trim(at: number, length: number, options: WriteOptions = {}): Promise<void> {
    return this.atomic([{ trim: { at, length } }], options);
  }

  async atomic(ops: readonly AtomicOp[], options: WriteOptions = {}): Promise<void> {
    demand(Array.isArray(ops), 'ops', 'a list');
    // What waits at the gate must not see what the caller does to its bytes afterwards.
    let own = this.gate.isOpen ? ops : copied(ops);
    return this.change(options.signal, async () => {
      const view = this.viewOf(options.view);
      for (const op of own) this.checkOp(op, view);
      await this.issue(
        () => plan(this.state, view, this.changesOf(view, own), this.planOptions),
        () => {
          own = copied(own);
        },
      );
      for (const op of own) if ('write' in op) this.writtenBytes += op.write.bytes.length;
    });
  }

  private changesOf(view: number, ops: readonly AtomicOp[]): Changes {
    return changesOf(this.state, this.core.files, view, ops);
  }

  private get planOptions(): { directBytes: number; shared: Core['shared'] } {
    return { directBytes: this.options.directBytes, shared: this.core.shared };
  }

  private checkOp(op: AtomicOp, view: number): void {
    const isWrite = 'write' in op;
    demand(isWrite || 'trim' in op, 'op', 'a write or a trim');
    const at = isWrite ? op.write.at : op.trim.at;
    if (isWrite) demand(op.write.bytes instanceof Uint8Array, 'bytes', 'a Uint8Array');
    const length = isWrite ? op.write.bytes.length : op.trim.length;
    demandCount('at', at, 0);
    demandCount('length', length, 0);
    demand(at + length <= this.state.sizeOf(view), 'at', 'a place within the volume');
  }

  /** @throws VarveError NOT_FOUND */
  private viewOf(name: string | undefined): number {
    return name === undefined ? ORIGIN : this.snapshotNamed(name).bit;
  }

  private snapshotNamed(name: string): Snapshot {
    const found = this.state.snapshots.find((s) => !s.isDying && s.name === name);
    if (found === undefined) {
      throw new VarveError('NOT_FOUND', 'there is no snapshot of this name', {
        facts: { store: this.name, snapshot: String(name).slice(0, 200) },
        outcome: 'not-written',
      });
    }
    return found;
  }

  readInto(buffer: Uint8Array, options: ReadOptions): number | Promise<number> {
    if (this.lifeState === 'reloading') {
      return this.reloading!.then(() => this.readInto(buffer, options));
    }
    if (this.endedBy !== undefined) throw this.endedBy;
    const { at, verify = true } = options;
    const view = this.viewOf(options.view);
    demandCount('at', at, 0);
    const length = Math.max(0, Math.min(buffer.length, this.state.sizeOf(view) - at));
    if (length > READ_SLICE_BYTES) return this.readSlices(buffer.subarray(0, length), options);
    this.reader.read(view, buffer.subarray(0, length), at, verify);
    return length;
  }

  /** Lets others run in between; each slice finds its chunks where they are then. */
  private async readSlices(buffer: Uint8Array, options: ReadOptions): Promise<number> {
    let done = 0;
    while (done < buffer.length) {
      const slice = buffer.subarray(done, done + READ_SLICE_BYTES);
      const read = await this.readInto(slice, { ...options, at: options.at + done });
      if (read === 0) break;
      done += read;
      if (done < buffer.length) await this.pause(0);
    }
    return done;
  }

  async snapshot(name: string): Promise<SnapshotInfo> {
    checkName(name);
    return this.change(undefined, async () => {
      const { snapshots } = this.state;
      if (snapshots.some((s) => !s.isDying && s.name === name)) {
        throw new VarveError('SNAPSHOT_EXISTS', undefined, {
          facts: { snapshot: name },
          outcome: 'not-written',
        });
      }
      const bit = lowestClear(snapshots.reduce((all, s) => union(all, bitMask(s.bit)), NO_BITS));
      if (bit < 0) {
        throw new VarveError('SNAPSHOT_LIMIT', undefined, {
          facts: { snapshots: SNAPSHOTS_MAX },
          outcome: 'not-written',
        });
      }
      const createdAtMs = Math.max(0, Math.floor(this.host.clock.wallMs()));
      const issued = this.issueOnce({
        group: [{ op: 'snapshot', view: bit, createdAtMs, name }],
        direct: [],
      });
      const info = infoOf(this.snapshotNamed(name));
      await issued;
      return info;
    });
  }

  snapshots(): SnapshotInfo[] {
    this.demandNotEnded();
    return this.state.snapshots
      .filter(({ isDying }) => !isDying)
      .sort((a, b) => a.lsn - b.lsn)
      .map(infoOf);
  }

  async deleteSnapshot(name: string, options: WorkOptions = {}): Promise<void> {
    checkName(name);
    const done = await this.change(options.signal, async () => {
      const { bit } = this.snapshotNamed(name);
      const issued = this.issueOnce({ group: [{ op: 'delete', view: bit }], direct: [] });
      const finished = this.work.wait('delete', bit, options);
      await issued.catch((error: unknown) => {
        finished.cancel();
        throw error;
      });
      this.work.begin();
      return finished;
    });
    await orAborted(done.promise, options.signal, 'unknown');
  }

  async restore(name: string, options: WorkOptions = {}): Promise<void> {
    checkName(name);
    const done = await this.change(options.signal, async () => {
      const { bit } = this.snapshotNamed(name);
      const issued = this.issueOnce({ group: [{ op: 'restore', view: bit }], direct: [] });
      const finished = this.work.wait('restore', bit, options);
      this.work.begin();
      await issued.catch((error: unknown) => {
        finished.cancel();
        throw error;
      });
      return finished;
    });
    await orAborted(done.promise, options.signal, 'unknown');
  }

  diff(from?: string, to?: string): IterableIterator<ByteRange> {
    this.demandNotEnded();
    return diff(
      () => {
        this.demandNotEnded();
        return this.state;
      },
      this.viewOf(from),
      this.viewOf(to),
    );
  }

  async resize(sizeBytes: number): Promise<void> {
    return this.change(undefined, async () => {
      checkSize(sizeBytes, this.state.chunkBytes);
      await this.issue(() => {
        const tail = cutTail(this.state, this.core.files, sizeBytes);
        const { group, direct } = plan(this.state, ORIGIN, tail, { directBytes: Infinity });
        return { group: [{ op: 'resize', view: ORIGIN, sizeBytes }, ...group], direct };
      }, keepNothing);
    });
  }

  async flush(): Promise<void> {
    // Behind everything that waits at the gate.
    await this.change(undefined, () => this.core.records.flush());
  }

  checkpoint(): Promise<void> {
    this.checkpointing ??= this.checkpointNow().finally(() => {
      this.checkpointing = undefined;
    });
    return this.checkpointing;
  }

  private async checkpointNow(): Promise<void> {
    if (this.lifeState === 'reloading') await this.reloading;
    this.demandNotEnded();
    const { core } = this;
    try {
      while (!core.prepareCheckpoint(CHECKPOINT_SLICE_BYTES)) {
        await this.pause(0);
        if (this.core !== core || this.lifeState !== 'open') throw this.refusal();
      }
      core.files.flushData();
    } catch (error) {
      this.fail(error as VarveError);
      throw error;
    }
    this.gate.close();
    const release = this.work.hold();
    try {
      await core.checkpoint();
      this.onEvent({ type: 'checkpointed', lsn: core.checkpointLsn });
    } catch (error) {
      if (this.core === core) this.fail(error as VarveError);
      throw error;
    } finally {
      release();
      this.gate.open();
    }
  }

  async check(options: CheckOptions = {}): Promise<CheckReport> {
    if (this.lifeState === 'reloading') await this.reloading;
    this.demandNotEnded();
    const current = (): { state: VolumeState; files: Core['files'] } => {
      if (this.lifeState !== 'open') throw this.refusal();
      return this.core;
    };
    return check(current, options, () => this.pause(0));
  }

  map(first: number, count: number): ChunkState[] {
    this.demandNotEnded();
    demandCount('first', first, 0);
    demandCount('count', count, 0);
    return chunkStates(this.state, first, count);
  }

  status(): VolumeStatus {
    const { core, state } = this;
    const { counts, capacityChunks, quarantine, freeChunks } = state.pool;
    const { blocks, overlay } = state;
    const { files } = core;
    return {
      name: this.name,
      state: this.lifeState,
      sizeBytes: state.sizeBytes,
      chunkSizeBytes: state.chunkBytes,
      capacityChunks,
      usedChunks: counts.usedChunks,
      freeChunks,
      quarantinedChunks: quarantine.size,
      snapshots: state.snapshots.filter(({ isDying }) => !isDying).length,
      exceptions: state.exceptions.count,
      metaBlocks: { used: blocks.usedPlaces, free: blocks.freePlaces, dirty: blocks.dirtyCount },
      cache: { bytes: blocks.cachedBytes, hits: blocks.hits, misses: blocks.misses },
      journalBytesSinceCheckpoint: core.bytesSinceCheckpoint,
      checkpointLsn: core.checkpointLsn,
      overlayChunks: overlay.size,
      work: this.work.list(),
      counters: {
        writtenBytes: this.writtenBytes,
        journalBytes: core.records.bytes,
        dataDirectBytes: core.directBytes,
        dataAppliedBytes: overlay.appliedBytes,
        metaBytes: files.metaWrittenBytes,
        dataFlushes: files.dataFlushes,
        metaFlushes: files.metaFlushes,
        checkpoints: core.checkpoints,
        redirects: state.redirects,
        dedupHits: core.shared?.hits ?? 0,
      },
      store: this.store.status(),
    };
  }

  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  private async closeNow(): Promise<void> {
    const closed = new VarveError('CLOSED', undefined, { facts: { store: this.name } });
    let failed: unknown;
    try {
      if (this.endedBy !== undefined) return;
      this.work.pause();
      if (this.checkpointing !== undefined) await this.checkpointing.catch(() => {});
      await this.checkpoint();
      await this.core.records.flush();
      this.gate.close();
    } catch (error) {
      failed = error;
    }
    if (this.endedBy === undefined) {
      const { store } = this;
      if (failed === undefined) {
        this.lifeState = 'closed';
        this.endedBy = closed;
        this.work.end(closed);
        this.opened?.data.close();
        this.opened?.meta.close();
        await store.close();
        this.gate.open();
        this.work.letGo();
      } else this.end('closed', closed);
    }
    if (failed !== undefined) throw failed;
  }

  abandon(): void {
    this.end('closed', new VarveError('CLOSED', undefined, { facts: { store: this.name } }));
  }
}

/** Of what fails before its record is queued nothing can be left. */
function notWritten(error: unknown): unknown {
  return isVarveError(error) ? withOutcome(error, 'not-written') : error;
}

const keepNothing = (): void => {};

function copied(ops: readonly AtomicOp[]): AtomicOp[] {
  return ops.map((op) =>
    'write' in op && op.write.bytes instanceof Uint8Array
      ? { write: { at: op.write.at, bytes: op.write.bytes.slice() } }
      : op,
  );
}

function infoOf({ name, createdAtMs, lsn, sizeBytes }: Snapshot): SnapshotInfo {
  return { name, createdAtMs, lsn, sizeBytes };
}

function abortReason({ reason }: Abort, outcome: 'not-written' | 'unknown'): Error {
  if (reason instanceof Error && !isVarveError(reason)) return reason;
  return new VarveError('ABORTED', undefined, { cause: reason, outcome });
}

/** The signal ends the waiting, not what is waited for. */
function orAborted<T>(
  promise: Promise<T>,
  signal: Abort | undefined,
  outcome: 'not-written' | 'unknown',
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(abortReason(signal, outcome));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
    const done = (): void => signal.removeEventListener('abort', abort);
    promise.then(resolve, reject).finally(done);
  });
}

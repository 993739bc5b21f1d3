/**
 * One open volume, as its users see it: arguments, order, and what each call comes to.
 *
 * Who owns what: `VolumeLife` the life cycle and what is in memory now · `Gate` who may change
 * something · `Work` deletions and restores in the background · here: nothing but a count.
 *
 * Always true:
 * - in every state every call ends, with a result or a typed error
 * - a change passes the gate, and is planned, applied and queued in one go
 */
import type { Abort } from '@varve/files';
import { isVarveError, VarveError, withOutcome } from '@varve/protocol';
import { abortReason, orAborted } from './abort.ts';
import { changesOf, cutTail } from './changes.ts';
import { check } from './checker.ts';
import { chunkStates } from './chunk-states.ts';
import type { Core } from './core.ts';
import { diff } from './diff.ts';
import { ORIGIN, SNAPSHOTS_MAX } from './format.ts';
import type { Snapshot } from './header.ts';
import type { VolumeLife } from './life.ts';
import { bitMask, lowestClear, NO_BITS, union } from './mask.ts';
import { metadataOf } from './metadata.ts';
import {
  checkGeometry,
  checkName,
  checkSize,
  completeOptions,
  demand,
  demandCount,
  GROUP_BYTES_MAX,
} from './options.ts';
import { type Changes, plan, type Plan } from './planner.ts';
import type { VolumeState } from './state.ts';
import { statusOf } from './status.ts';
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
  VolumeMetadata,
  VolumeOptions,
  VolumeStatus,
  WorkInProgress,
  WorkOptions,
  WriteOptions,
} from './volume-port.ts';

const READ_SLICE_BYTES = 1_048_576;

export class OpenVolume implements Volume {
  private readonly life: VolumeLife;
  private writtenBytes = 0;
  private longReads = 0;

  constructor(life: VolumeLife) {
    this.life = life;
  }

  get onEvent(): (event: VolumeEvent) => void {
    return this.life.onEvent;
  }

  set onEvent(listener: (event: VolumeEvent) => void) {
    this.life.onEvent = listener;
  }

  private get core(): Core {
    return this.life.core;
  }

  private get state(): VolumeState {
    return this.life.core.state;
  }

  private change<T>(signal: Abort | undefined, task: () => Promise<T>): Promise<T> {
    return this.life.gate.enter(async () => {
      if (signal?.aborted === true) throw abortReason(signal, 'not-written');
      try {
        this.life.demandNotEnded();
      } catch (error) {
        throw notWritten(error);
      }
      return orAborted(task(), signal);
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
    this.life.gate.close();
    try {
      await this.life.checkpoint();
      this.life.demandOpen();
      issued = this.issueOnce(planned());
    } catch (error) {
      throw notWritten(error);
    } finally {
      this.life.gate.open();
    }
    await issued;
  }

  private issueOnce(planned: Plan): Promise<void> {
    if (planned.group.length === 0) return this.core.records.flush();
    let journalled = 0;
    for (const { op } of planned.group) if (op === 'image') journalled += this.state.chunkBytes;
    demand(journalled <= GROUP_BYTES_MAX, 'ops', `at most ${GROUP_BYTES_MAX} bytes to journal`);
    const issued = this.core.issue(planned, 'strict', (cause) => this.life.voided(cause));
    return issued.then(() => this.life.tidy());
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
    let own = this.life.gate.isOpen ? ops : copied(ops);
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
    return { directBytes: this.life.options.directBytes, shared: this.core.shared };
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
        facts: { store: this.life.name, snapshot: String(name).slice(0, 200) },
        outcome: 'not-written',
      });
    }
    return found;
  }

  inOrder<T>(look: () => T | Promise<T>): T | Promise<T> {
    const { gate } = this.life;
    return gate.waitingCount === 0 ? look() : gate.enter(async () => look());
  }

  readInto(buffer: Uint8Array, options: ReadOptions): number | Promise<number> {
    const { gate, loading } = this.life;
    if (loading !== undefined) return gate.enter(async () => this.readInto(buffer, options));
    this.life.demandOpen();
    const { at, verify = true } = options;
    demand(buffer instanceof Uint8Array, 'buffer', 'a Uint8Array');
    const view = this.viewOf(options.view);
    demandCount('at', at, 0);
    const length = Math.max(0, Math.min(buffer.length, this.state.sizeOf(view) - at));
    // A view of a view costs more than finding a chunk, and the platform knows the caller's already.
    const into = length === buffer.length ? buffer : buffer.subarray(0, length);
    if (length > READ_SLICE_BYTES) {
      this.longReads++;
      return this.readSlices(into, options).finally(() => this.longReads--);
    }
    this.life.reader.read(view, into, at, verify);
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
      if (done < buffer.length) await this.life.pause(0);
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
      const createdAtMs = Math.max(0, Math.floor(this.life.host.clock.wallMs()));
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
    this.life.demandOpen();
    return this.state.snapshots
      .filter(({ isDying }) => !isDying)
      .sort((a, b) => a.lsn - b.lsn)
      .map(infoOf);
  }

  async deleteSnapshot(name: string, options: WorkOptions = {}): Promise<void> {
    await this.begin('delete', name, options);
  }

  async restore(name: string, options: WorkOptions = {}): Promise<void> {
    await this.begin('restore', name, options);
  }

  /** What follows the record is done in the background, now or after a crash. */
  private async begin(
    op: WorkInProgress['kind'],
    name: string,
    options: WorkOptions,
  ): Promise<void> {
    checkName(name);
    const { work } = this.life;
    const finished = await this.change(options.signal, async () => {
      const view = this.snapshotNamed(name).bit;
      const issued = this.issueOnce({ group: [{ op, view }], direct: [] });
      const waiting = work.wait(op, view, options);
      work.begin();
      await issued.catch((error: unknown) => {
        waiting.cancel();
        throw error;
      });
      return waiting;
    });
    await orAborted(finished.promise, options.signal);
  }

  diff(from?: string, to?: string): IterableIterator<ByteRange> {
    this.life.demandOpen();
    return diff(
      () => {
        this.life.demandOpen();
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

  checkFits(given: VolumeOptions): void {
    const { chunkBytes, pool } = this.state;
    checkGeometry(completeOptions(given), chunkBytes, pool.capacityChunks);
    const { dedup } = this.life.options;
    demand((given.dedup ?? dedup) === dedup, 'dedup', `${dedup}, as this volume was opened with`);
  }

  async flush(): Promise<void> {
    // Behind everything that waits at the gate.
    await this.change(undefined, () => this.core.records.flush());
  }

  checkpoint(): Promise<void> {
    return this.life.checkpoint();
  }

  async check(options: CheckOptions = {}): Promise<CheckReport> {
    await this.life.settled();
    const current = (): Core => {
      this.life.demandOpen();
      return this.core;
    };
    return check(current, options, () => this.life.pause(0));
  }

  map(first: number, count: number): ChunkState[] {
    this.life.demandOpen();
    demandCount('first', first, 0);
    demandCount('count', count, 0);
    return chunkStates(this.state, first, count);
  }

  metadata(first: number, count: number): VolumeMetadata {
    this.life.demandOpen();
    const { isOpen, waitingCount } = this.life.gate;
    const locks = { isHeld: !isOpen, waiting: waitingCount, longReads: this.longReads };
    return { ...metadataOf(this.state, first, count), locks };
  }

  status(): VolumeStatus {
    return statusOf(this.life, this.writtenBytes);
  }

  close(): Promise<void> {
    return this.life.close();
  }

  abandon(): void {
    this.life.abandon();
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

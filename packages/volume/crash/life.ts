/**
 * A volume on a simulated disk, what is done to it, and what it therefore may be after a crash.
 *
 * Always true:
 * - a call may be seen from the operation on in which it was issued, and must be from its answer on;
 *   one that was refused as not written never, one of unknown outcome until it was looked up
 * - the running volume, too, is compared with the model
 */
import type { Host } from '@varve/files';
import {
  type InjectedFault,
  SeededRandom,
  seedOf,
  type SimulatedDisk,
} from '@varve/files/simulated';
import { isVarveError, VarveError } from '@varve/protocol';
import { type AtomicOp, openVolume, type Volume } from '../src/index.ts';
import type { VolumeCase } from './cases.ts';
import { assertEqual, assertIdle, Differs } from './equal.ts';
import type { Model } from './model.ts';
import { type Place, PlaceWatch } from './places.ts';
import { atOnce, soon } from './timers.ts';

const NAMES_SETTLE_MS = 61_000;
const SNAPSHOTS_MOST = 5;

/** What the volume may be, from which device operation on it was asked for, and from which owed. */
export interface Step {
  /** Of calls of one turn: settled when it is known which of them were refused. */
  model: Model;
  readonly issuedAtOp: number;
  ackedAtOp: number;
  /** It was of unknown outcome, and is not there: from then on it must not be. */
  goneAtOp: number;
}

interface Issued {
  readonly step: Step;
  readonly change: (model: Model) => void;
  readonly answer: Promise<Pick<VarveError, 'outcome'> | undefined>;
}

export class Life {
  readonly log: string[] = [];
  readonly disk: SimulatedDisk;
  readonly watch: PlaceWatch;
  /** The volume is made; its names may still be lost before `readyAtOp`. */
  createdAtOp = 0;
  readyAtOp = 0;
  /** From the next operation on a flush may have lied. */
  liedAtOp = Infinity;
  private readonly lane: VolumeCase;
  private readonly host: Host;
  private readonly random: SeededRandom;
  private readonly steps: Step[];
  private readonly background: Promise<unknown>[] = [];
  private fault: InjectedFault | undefined;
  private volume: Volume | undefined;
  private serial: number;

  constructor(lane: VolumeCase, disk: SimulatedDisk, model: Model, number = 0, seed = lane.seed) {
    this.lane = lane;
    this.disk = disk;
    this.watch = new PlaceWatch(disk);
    this.host = { ...this.watch.host(), timers: lane.fault === undefined ? atOnce : soon };
    this.random = new SeededRandom(seedOf(seed, 'life'));
    this.serial = number * 1_000;
    const isOwed = number > 0;
    this.steps = [
      { model: model.copy(), issuedAtOp: 0, ackedAtOp: isOwed ? 0 : Infinity, goneAtOp: Infinity },
    ];
    if (lane.profile === 'lying-flush') this.liedAtOp = -1;
  }

  get model(): Model {
    return this.steps.findLast(({ goneAtOp }) => goneAtOp === Infinity)!.model;
  }

  /** Every state that a crash in this device operation may leave. */
  allowedAt(op: number): readonly Step[] {
    const owed = this.steps.findLastIndex(({ ackedAtOp }) => ackedAtOp < op);
    return this.steps.filter(
      ({ issuedAtOp, goneAtOp }, index) =>
        index >= owed && (issuedAtOp < op || index === owed) && goneAtOp >= op,
    );
  }

  /** What a step's place among all of them is, for short. */
  indexOf(step: Step | undefined): number {
    return step === undefined ? -1 : this.steps.indexOf(step);
  }

  /** Every state that there ever was before a crash in this operation. */
  everUntil(op: number): readonly Step[] {
    return this.steps.filter(({ issuedAtOp }) => issuedAtOp < op);
  }

  placesAt(op: number): Place[] {
    const places = [...this.watch.at(op)];
    const checkpointed = this.watch.checkpointedAtOps.findLast((at) => at < op) ?? this.readyAtOp;
    const isWaiting = this.steps.some(
      ({ ackedAtOp }) => ackedAtOp > checkpointed && ackedAtOp < op,
    );
    return isWaiting ? [...places, 'after the journal’s flush'] : places;
  }

  private pick<T>(values: readonly T[]): T {
    return values[this.random.below(values.length)]!;
  }

  async create(): Promise<void> {
    await this.open(true);
    this.createdAtOp = this.disk.opCount;
    this.disk.advance(NAMES_SETTLE_MS);
    this.readyAtOp = this.disk.opCount;
    this.steps[0]!.ackedAtOp = this.createdAtOp;
    for (let op = 0; op <= this.readyAtOp; op++) this.watch.add(op, 'while the volume is made');
  }

  /** What is there is opened. */
  async open(create = false, stepExceptions = this.lane.options.stepExceptions): Promise<Volume> {
    const { sizeBytes, capacityBytes, ...options } = this.lane.options;
    const fresh = { sizeBytes, ...(capacityBytes !== undefined && { capacityBytes }) };
    const from = this.disk.opCount;
    this.watch.use(undefined);
    const given = { ...options, ...(create ? fresh : { create: false }) };
    this.volume = await openVolume(
      this.host,
      'v',
      { ...given, ...(stepExceptions !== undefined && { stepExceptions }) },
      ({ type }) => {
        if (type === 'checkpointed') this.watch.checkpointed();
      },
    );
    const hasReplayed = this.volume.status().journalBytesSinceCheckpoint > 0;
    for (let op = from + 1; op <= this.disk.opCount && !create; op++) {
      this.watch.add(op, 'inside a recovery');
      if (hasReplayed) this.watch.add(op, 'during replay');
    }
    this.watch.use(this.volume);
    return this.volume;
  }

  async work(calls: number): Promise<void> {
    for (let call = 0; call < calls; call++) {
      const before = this.disk.opCount;
      const { fault, faultBeginsAt, faultEndsAt } = this.lane;
      if (call === faultBeginsAt && fault !== undefined) this.fault = this.disk.inject(fault);
      if (call === faultEndsAt) this.fault?.cancel();
      await this.call();
      if (this.hasStruck && this.lane.profile === 'fsync-fail-late') {
        this.liedAtOp = Math.min(this.liedAtOp, before);
      }
      if (this.hasStruck) await this.serving();
    }
  }

  private get hasStruck(): boolean {
    return (this.fault?.strikes ?? 0) > 0;
  }

  /** What goes on in the background comes to its end, and the volume is what it should be. */
  async settle(): Promise<void> {
    this.fault?.cancel();
    await this.serving();
    await assertEqual(this.volume!, this.model);
    await Promise.all(this.background);
    await assertIdle(this.volume!);
  }

  /** A clean close, and another opening. */
  async end(): Promise<void> {
    await this.settle();
    await this.volume!.close();
    const reopened = await this.open();
    await assertEqual(reopened, this.model);
    await assertIdle(reopened);
    reopened.abandon();
  }

  abandon(): void {
    this.volume?.abandon();
  }

  private async call(): Promise<void> {
    const kind = this.random.below(100);
    const { chunkSizeBytes, sizeBytes } = this.lane.options;
    // A refusal matters most to those that were planned on what it did.
    const isArmed = this.fault !== undefined && this.lane.fault?.on !== 'flush';
    if (isArmed && kind % 2 === 0) await this.together();
    else if (kind < 40) await this.change(1 + (kind % 2) * 2);
    else if (kind < 50) await this.together();
    else if (kind < 65) await this.snapshot();
    else if (kind < 74) await this.finishLater('delete');
    else if (kind < 80) await this.finishLater('restore');
    else if (kind < 85) {
      const size = this.random.below(sizeBytes + 2 * chunkSizeBytes);
      await this.step(
        `resize ${size}`,
        (model) => model.resize(size),
        (volume) => volume.resize(size),
      );
    } else if (kind < 95)
      await this.step(
        'checkpoint',
        () => {},
        (volume) => volume.checkpoint(),
      );
    else await this.reopen();
  }

  /** One call: what it may leave from its issue on, and must leave from its answer on. */
  private async step(
    what: string,
    change: (model: Model) => void,
    call: (volume: Volume) => Promise<unknown>,
  ): Promise<void> {
    const { step, answer } = this.issue(what, change, call);
    const refusal = await answer;
    if (refusal === undefined) return;
    if (refusal.outcome === 'not-written') this.steps.splice(this.steps.indexOf(step), 1);
    else await this.lookUpAll([step]);
  }

  /** The answer is what it was refused with, if anything: never with a fault that nobody caused. */
  private issue(
    what: string,
    change: (model: Model) => void,
    call: (volume: Volume) => Promise<unknown>,
  ): Issued {
    const model = this.model.copy();
    change(model);
    const { opCount } = this.disk;
    const step: Step = { model, issuedAtOp: opCount, ackedAtOp: Infinity, goneAtOp: Infinity };
    this.steps.push(step);
    this.log.push(what);
    const answer = call(this.volume!).then(
      () => {
        step.ackedAtOp = this.disk.opCount;
        return undefined;
      },
      (error: unknown) => {
        const isFull = isVarveError(error, 'VOLUME_FULL') || isVarveError(error, 'SNAPSHOT_LIMIT');
        if (!isFull && !(this.hasStruck && error instanceof VarveError)) throw error;
        const { code, outcome } = error as VarveError;
        this.log.push(`(${code} ${outcome})`);
        return { outcome: isFull ? ('not-written' as const) : outcome };
      },
    );
    return { step, change, answer };
  }

  /** Waits until the volume serves again after a fault; opens it anew when it has given up. */
  private async serving(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.volume!.flush();
        return;
      } catch (error) {
        if (!isVarveError(error) || !this.hasStruck || attempt > 5) throw error;
        if (attempt > 0) this.fault?.cancel();
        if (this.volume!.status().state !== 'failed') continue;
        await this.openAgain();
      }
    }
  }

  private async openAgain(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await this.open();
        return;
      } catch (error) {
        if (!isVarveError(error) || !this.hasStruck || attempt > 3) throw error;
        this.fault?.cancel();
      }
    }
  }

  private op(view: string | undefined): AtomicOp {
    const { chunkSizeBytes: chunk } = this.lane.options;
    const size = this.model.view(view).length;
    const unit = this.pick([1, chunk]);
    const units = Math.max(1, Math.floor(size / unit));
    const at = this.random.below(units) * unit;
    const most = unit === 1 ? Math.floor(2.4 * chunk) : this.lane.isWide ? 300 : 5;
    const length = Math.min(size - at, this.random.below(most) * unit);
    if (this.random.below(4) === 0) return { trim: { at, length } };
    // Few different contents where equal chunks are shared.
    const isShared = this.lane.options.dedup === true && this.random.below(4) > 0;
    const bytes = new Uint8Array(length).fill(1 + this.random.below(isShared ? 2 : 255));
    if (!isShared && this.random.below(2) === 0) this.random.fill(bytes);
    return { write: { at, bytes } };
  }

  private viewName(): string | undefined {
    const names = [...this.model.snapshots.keys()];
    return names.length === 0 || this.random.below(3) > 0 ? undefined : this.pick(names);
  }

  private async change(count: number): Promise<void> {
    await this.step(...this.changeOf(count));
  }

  private changeOf(count: number): Parameters<Life['issue']> {
    const view = this.viewName();
    const ops = Array.from({ length: count }, () => this.op(view));
    return [
      `atomic ${view ?? ''} ${ops.map(describe).join(' ')}`,
      (model) => model.atomic(ops, view),
      (volume) => volume.atomic(ops, view === undefined ? {} : { view }),
    ];
  }

  /** Calls of one turn: any number of the first of them may be left. */
  private async together(): Promise<void> {
    // Where the pool may be full, what those behind a refused one leave is another question.
    const { capacityBytes } = this.lane.options;
    const flushFails = this.fault !== undefined && this.lane.fault?.on === 'flush';
    if (capacityBytes !== undefined || flushFails) return;
    let { model } = this;
    const issued = Array.from({ length: 3 }, () => this.issue(...this.changeOf(1)));
    // Nothing of them is durable yet when it begins.
    const checkpoint = this.random.below(2) === 0 ? this.volume!.checkpoint() : Promise.resolve();
    const ended = checkpoint.catch((error: Error) => this.toleratesEnd(error));
    const refusals = await Promise.all(issued.map(({ answer }) => answer));
    await ended;
    const unknown: Step[] = [];
    for (const [index, { step, change }] of issued.entries()) {
      const refusal = refusals[index];
      if (refusal?.outcome === 'not-written') this.steps.splice(this.steps.indexOf(step), 1);
      else {
        // As if those that were refused had never been.
        model = model.copy();
        change(model);
        step.model = model;
        if (refusal !== undefined) unknown.unshift(step);
      }
    }
    if (unknown.length > 0) await this.lookUpAll(unknown);
  }

  /** The newest first: where one is there, so are those before it. */
  private async lookUpAll(steps: readonly Step[]): Promise<void> {
    await this.serving();
    for (const step of steps) {
      if (await isEqual(this.volume!, step.model)) {
        step.ackedAtOp = this.disk.opCount;
        return;
      }
      step.goneAtOp = this.disk.opCount;
    }
    await assertEqual(this.volume!, this.model, false);
  }

  private async snapshot(): Promise<void> {
    if (this.model.snapshots.size >= SNAPSHOTS_MOST) return;
    const name = `s${this.serial++}`;
    await this.step(
      `snapshot ${name}`,
      (model) => model.snapshot(name),
      (volume) => volume.snapshot(name),
    );
  }

  /** Begun, and durably so; the rest goes on behind what follows. */
  private async finishLater(kind: 'delete' | 'restore'): Promise<void> {
    const names = [...this.model.snapshots.keys()];
    if (names.length === 0) return;
    const name = this.pick(names);
    const isAwaited = this.random.below(2) === 0;
    await this.step(
      `${kind} ${name}`,
      (model) => {
        if (kind === 'delete') model.snapshots.delete(name);
        else model.restore(name);
      },
      async (volume) => {
        const done = kind === 'delete' ? volume.deleteSnapshot(name) : volume.restore(name);
        let failure: Error | undefined;
        const ended = done.catch((error: Error) => {
          failure = error;
          this.toleratesEnd(error);
        });
        this.background.push(ended);
        if (isAwaited) {
          await ended;
          if (failure !== undefined) throw failure;
          return;
        }
        try {
          await volume.flush();
        } catch (error) {
          failure ??= error as Error;
        }
        // What failed may be the flush, or a step of the work.
        if (failure !== undefined && this.hasStruck) {
          throw new VarveError('IO_ERROR', 'not finished', { cause: failure, outcome: 'unknown' });
        }
        if (failure !== undefined) throw failure;
      },
    );
  }

  private toleratesEnd(error: Error): void {
    const isOver = isVarveError(error, 'CLOSED') || (this.hasStruck && isVarveError(error));
    if (!isOver) throw error;
  }

  private async reopen(): Promise<void> {
    const isClean = this.random.below(2) === 0;
    await this.step(
      isClean ? 'close, open' : 'abandon, open',
      () => {},
      async (volume) => {
        if (!isClean) volume.abandon();
        else await volume.close().catch((error: Error) => this.toleratesEnd(error));
        await this.openAgain();
      },
    );
  }
}

async function isEqual(volume: Volume, model: Model): Promise<boolean> {
  try {
    await assertEqual(volume, model, false);
    return true;
  } catch (error) {
    if (error instanceof Differs) return false;
    throw error;
  }
}

function describe(op: AtomicOp): string {
  return 'write' in op
    ? `w${op.write.at}+${op.write.bytes.length}`
    : `t${op.trim.at}+${op.trim.length}`;
}

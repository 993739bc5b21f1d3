/**
 * Deletions and restores, step by step in the background: resumed at opening, never lost.
 *
 * Always true:
 * - one restore is under way at most, and it goes first; the gate is closed until it is done
 * - a step is one small record; what it does follows from the state alone
 * - nothing is done here while a checkpoint holds the state still
 * - a deletion that failed too often goes on with the next call that waits for one, after the next
 *   checkpoint, or at the next opening; nobody waits for what is left alone
 */
import type { Timers } from '@varve/files';
import { type VarveError, withOutcome } from '@varve/protocol';
import type { Core } from './core.ts';
import { CURSOR_END } from './format.ts';
import type { Gate } from './gate.ts';
import type { Redo } from './redo.ts';
import type { VolumeEvent, WorkInProgress, WorkOptions } from './volume-port.ts';

/** Attempts in a row before a deletion is left alone for a while, or a restore ends the volume. */
const FAILURES_MAX = 3;

interface WorkHost {
  /** Undefined while the volume is not open. */
  readonly core: () => Core | undefined;
  readonly gate: Gate;
  readonly timers: Timers;
  readonly stepExceptions: number;
  readonly voided: (cause: unknown) => VarveError;
  /** A restore cannot be finished: nothing else may be done with the volume. */
  readonly giveUp: (cause: VarveError) => void;
  readonly onEvent: (event: VolumeEvent) => void;
}

interface Waiter {
  readonly kind: WorkInProgress['kind'];
  readonly bit: number;
  readonly onProgress: WorkOptions['onProgress'];
  readonly resolve: () => void;
  readonly reject: (error: VarveError) => void;
}

export interface Finished {
  readonly promise: Promise<void>;
  /** It will not happen. */
  cancel(): void;
}

interface Step {
  readonly kind: WorkInProgress['kind'];
  readonly bit: number;
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export class Work {
  private readonly waiters = new Set<Waiter>();
  private running = false;
  private isPaused = false;
  private isLeftAlone = false;
  private holdsGate = false;
  private held: Promise<void> | undefined;
  private failures = 0;
  private done = 0;
  private total = 0;
  private readonly host: WorkHost;

  constructor(host: WorkHost) {
    this.host = host;
  }

  /** There may be something to do. */
  begin(): void {
    const core = this.host.core();
    if (core === undefined) return;
    this.keepGate(core.state.restore !== undefined);
    if (this.running || this.isPaused || this.isLeftAlone || this.next(core) === undefined) return;
    this.running = true;
    void this.run(core).finally(() => {
      this.running = false;
      // What came up meanwhile, or a state that was loaded anew.
      if (this.host.core() !== undefined) this.begin();
    });
  }

  /** The state was loaded: what it does not hold any more was done. */
  loaded(): void {
    const core = this.host.core()!;
    for (const waiter of this.waiters) {
      const { restore } = core.state;
      const isPending =
        waiter.kind === 'restore'
          ? restore?.bit === waiter.bit
          : core.state.snapshotOf(waiter.bit)?.isDying === true;
      if (isPending) continue;
      this.waiters.delete(waiter);
      waiter.resolve();
    }
    this.begin();
  }

  /** What failed before may be tried again. */
  renew(): void {
    this.isLeftAlone = false;
    this.failures = 0;
  }

  /** Nothing more is begun until the volume is opened again. */
  pause(): void {
    this.isPaused = true;
  }

  /** Nothing changes the state until the returned function is called. */
  hold(): () => void {
    let release = (): void => {};
    this.held = new Promise((resolve) => {
      release = () => {
        this.held = undefined;
        resolve();
      };
    });
    return () => release();
  }

  wait(kind: Waiter['kind'], bit: number, { onProgress }: WorkOptions): Finished {
    this.renew();
    let cancel = (): void => {};
    const promise = new Promise<void>((resolve, reject) => {
      const waiter: Waiter = { kind, bit, onProgress, resolve, reject };
      this.waiters.add(waiter);
      cancel = () => this.waiters.delete(waiter);
    });
    promise.catch(() => {});
    return { promise, cancel };
  }

  /** What they wait for was begun, durably or not: one step not written says nothing of it. */
  end(error: VarveError): void {
    const told = error.outcome === undefined ? error : withOutcome(error, 'unknown');
    for (const { reject } of this.waiters) reject(told);
    this.waiters.clear();
  }

  /** The volume is over: whoever waits at the gate is to be refused. */
  letGo(): void {
    this.keepGate(false);
  }

  list(): WorkInProgress[] {
    const core = this.host.core();
    if (core === undefined) return [];
    const { restore, snapshots } = core.state;
    const progress = { done: this.done, total: Math.max(this.done, this.total) };
    const list: WorkInProgress[] = [];
    if (restore !== undefined) {
      const { name } = core.state.snapshotOf(restore.bit)!;
      list.push({ kind: 'restore', name, ...progress });
    }
    for (const { name, isDying } of snapshots) {
      if (isDying) list.push({ kind: 'delete', name, ...progress });
    }
    return list;
  }

  private keepGate(closed: boolean): void {
    if (closed === this.holdsGate) return;
    this.holdsGate = closed;
    if (closed) this.host.gate.close();
    else this.host.gate.open();
  }

  private next({ state }: Core): Omit<Step, 'to'> | undefined {
    const { restore, dying, deleteCursor } = state;
    if (restore !== undefined) {
      const { name } = state.snapshotOf(restore.bit)!;
      return { kind: 'restore', bit: restore.bit, name, from: restore.cursor };
    }
    if (dying === undefined) return undefined;
    return { kind: 'delete', bit: dying.bit, name: dying.name, from: deleteCursor };
  }

  private async run(core: Core): Promise<void> {
    while (this.host.core() === core && !this.isPaused) {
      while (this.held !== undefined) await this.held;
      if (this.host.core() !== core) return;
      const next = this.next(core);
      if (next === undefined) return;
      if (next.from === 0) {
        this.done = 0;
        this.total = core.state.exceptions.count;
      }
      const isDone = await this.step(core, next).then(
        () => true,
        (error: unknown) => this.failed(error, next),
      );
      if (!isDone) return;
      this.failures = 0;
      // Others have their turn after every step.
      await new Promise<void>((resolve) => this.host.timers.after(0, resolve));
    }
  }

  /** The volume is loaded anew, and tries again; not for ever. */
  private failed(error: unknown, { kind }: Pick<Step, 'kind'>): false {
    if (this.host.core() !== undefined) this.host.voided(error);
    this.failures++;
    if (this.failures < FAILURES_MAX) return false;
    this.isLeftAlone = true;
    this.end(error as VarveError);
    if (kind === 'restore') this.host.giveUp(error as VarveError);
    return false;
  }

  private async step(core: Core, next: Omit<Step, 'to'>): Promise<void> {
    let step: Step;
    let issued: Promise<void>;
    try {
      step = { ...next, to: core.state.stepEnd(next.from, this.host.stepExceptions) };
      issued = core.issue(
        { group: [redoOf(step)], direct: [] },
        step.to === CURSOR_END ? 'strict' : 'relaxed',
        this.host.voided,
      );
    } catch (cause) {
      throw this.host.voided(cause);
    }
    const isLast = step.to === CURSOR_END;
    if (step.kind === 'restore') this.keepGate(core.state.restore !== undefined);
    await issued;
    this.done += this.host.stepExceptions;
    this.report(step, isLast);
  }

  private report({ kind, bit, name }: Step, isLast: boolean): void {
    const total = Math.max(this.total, 1);
    const progress = { done: isLast ? total : Math.min(this.done, total), total };
    this.host.onEvent(
      isLast
        ? { type: 'work-done', kind, name }
        : { type: 'work', work: { kind, name, ...progress } },
    );
    for (const waiter of this.waiters) {
      if (waiter.kind !== kind || waiter.bit !== bit) continue;
      waiter.onProgress?.(progress);
      if (!isLast) continue;
      this.waiters.delete(waiter);
      waiter.resolve();
    }
  }
}

function redoOf({ kind, bit, from, to }: Step): Redo {
  return { op: kind === 'delete' ? 'delete-step' : 'restore-step', view: bit, from, to };
}

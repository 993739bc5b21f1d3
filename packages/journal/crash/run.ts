/**
 * A store in the hands of a workload, with the model beside it.
 *
 * Always true:
 * - after each operation the model has been told what the store promises now
 * - an append that rejected says what became of it, and the model holds the store to that
 * - a call that does not end within a minute of simulated time is a violation
 */
import type { Host } from '@varve/files';
import type { InjectedFault, SimulatedDisk } from '@varve/files/simulated';
import { isVarveError, recordFrameBytes, writeRecordFrame } from '@varve/protocol';
import { type ClientStamp, openStore, type Store, type StoreOptions } from '../src/index.ts';
import type { History, IssuedGroup } from './history.ts';
import { demand, Violation } from './violation.ts';

const HANG_MS = 60_000;
const STEP_MS = 250;
/** What a store may say of a fault below it. */
const FAULT_CODES = [
  'IO_ERROR',
  'QUOTA_EXCEEDED',
  'STORE_FULL',
  'POISONED',
  'UNIT_LIMIT',
  'STATE_TOO_LARGE',
] as const;

export class Run {
  readonly disk: SimulatedDisk;
  readonly host: Host;
  readonly history: History;
  readonly options: Partial<StoreOptions>;
  store: Store;
  /** Counts payloads, so that each is different. */
  serial = 0;
  fault: InjectedFault | undefined;
  /** In which generation each client last had sent all that it has no answer to. */
  readonly clientGenerations = new Map<string, number>();
  private generation: number;
  /** Appends that have not settled: those that a reopening finds waiting are issued anew, behind it. */
  private pending: { group: IssuedGroup; settled: boolean }[] = [];
  /** The same of those of clients. */
  readonly waiting = new Set<() => void>();

  constructor(
    disk: SimulatedDisk,
    host: Host,
    history: History,
    options: Partial<StoreOptions>,
    store: Store,
  ) {
    this.disk = disk;
    this.host = host;
    this.history = history;
    this.options = options;
    this.store = store;
    this.generation = store.status().generation;
    this.listen();
  }

  private listen(): void {
    this.store.onEvent = ({ type }) => {
      if (type === 'reopened') this.reopened();
    };
  }

  private reopened(): void {
    const { generation, lastLsn } = this.store.status();
    demand(
      generation > this.generation,
      'I5',
      `generation ${generation} came after ${this.generation}`,
    );
    this.generation = generation;
    const waiting = this.pending.filter(({ settled }) => !settled);
    for (const { group } of waiting) group.withdrawnAtOp = this.op;
    this.history.reopened(lastLsn, this.op, false);
    for (const entry of waiting) entry.group = this.history.issue(entry.group.payloads, this.op);
    for (const issue of this.waiting) issue();
  }

  get op(): number {
    return this.disk.opCount;
  }

  payload(length: number): Uint8Array {
    return payloadOf(this.serial++, length);
  }

  /** Waits for a call, moving the clock when it needs that. */
  async ended<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const watched = promise.finally(() => {
      done = true;
    });
    watched.catch(() => {});
    for (let turn = 0; turn < 32 && !done; turn++) await Promise.resolve();
    for (let waitedMs = 0; !done; waitedMs += STEP_MS) {
      demand(waitedMs < HANG_MS, 'I7', 'a call does not end');
      await this.disk.advanceAsync(STEP_MS);
    }
    return watched;
  }

  /** Appends groups at once, each by a caller of its own. */
  async append(
    groups: readonly (readonly number[])[],
    durability: 'strict' | 'relaxed',
    stampOf: (group: number) => { stamp?: ClientStamp } = () => ({}),
  ): Promise<void> {
    this.pending = groups.map((lengths) => ({
      group: this.history.issue(
        lengths.map((length) => this.payload(length)),
        this.op,
      ),
      settled: false,
    }));
    const calls = this.pending.map(async (entry, index) => {
      try {
        const frames = framesOf(entry.group.payloads);
        return await this.store.append({ frames, durability, ...stampOf(index) });
      } catch (error) {
        // At once: what becomes of the others may be told before this burst has ended.
        if (isVarveError(error) && (error.outcome === 'not-written' || isForgotten(error)))
          this.history.forget(entry.group);
        throw error;
      } finally {
        entry.settled = true;
      }
    });
    const ends = await this.ended(Promise.allSettled(calls));
    for (const [index, end] of ends.entries()) {
      const { group } = this.pending[index]!;
      if (end.status === 'rejected') {
        if (!isForgotten(end.reason)) this.refused(end.reason, group);
      } else {
        const { firstLsn, count, refusal } = end.value;
        if (refusal !== undefined) this.refused(refusal, group);
        else this.accepted(group, firstLsn, count, durability);
      }
    }
    this.pending = [];
  }

  accepted(
    group: IssuedGroup,
    firstLsn: number,
    count: number,
    durability: 'strict' | 'relaxed',
  ): void {
    demand(
      firstLsn === group.firstLsn,
      'I2',
      `an append gave LSN ${firstLsn}, the model says ${group.firstLsn}`,
    );
    demand(
      count === group.payloads.length,
      'I2',
      `an append gave ${count} LSNs for ${group.payloads.length} records`,
    );
    if (durability === 'strict') this.history.acknowledgeTo(firstLsn + count - 1, this.op);
    else group.writtenAtOp = Math.min(group.writtenAtOp, this.op);
  }

  /** A call failed: only after a fault, only with a typed error, and an append's says what became of it. */
  refused(error: unknown, group?: IssuedGroup): void {
    this.expectFault(error);
    if (group === undefined) return;
    const outcome = isVarveError(error) ? error.outcome : undefined;
    demand(
      outcome !== undefined,
      'I8',
      `an append's error does not say what became of it: ${String(error)}`,
    );
    if (outcome === 'not-written') this.history.forget(group);
  }

  expectFault(error: unknown): void {
    const typed = FAULT_CODES.some((code) => isVarveError(error, code));
    const limited = this.disk.limitBytes !== Infinity || this.options.maxBytes !== undefined;
    const struck = (this.fault?.strikes ?? 0) > 0 || limited;
    if (!typed || !struck)
      throw new Violation(
        `I8: ${struck ? 'after a fault' : 'no fault struck'}: ${describe(error)}`,
      );
  }

  /** Runs a call that may fail when a fault strikes; undefined then. */
  async attempt<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.ended(call());
    } catch (error) {
      if (error instanceof Violation) throw error;
      this.refused(error);
      return undefined;
    }
  }

  /** After each operation: waits for a reopening, then tells the model what is promised. */
  async settle(): Promise<void> {
    for (let waitedMs = 0; this.store.state === 'reopening'; waitedMs += STEP_MS) {
      demand(waitedMs < HANG_MS, 'I7', 'the store does not come back');
      await this.disk.advanceAsync(STEP_MS);
    }
    if (this.store.state !== 'open') await this.revive();
    this.history.acknowledgeTo(this.store.status().durableLsn, this.op);
  }

  /** The store stayed closed, as it may while the fault lasts: a new process opens it when that is over. */
  private async revive(): Promise<void> {
    demand(
      (this.fault?.strikes ?? 0) > 0,
      'I7',
      `the store is ${this.store.state} and no fault struck`,
    );
    this.fault?.cancel();
    await this.reopen(false);
  }

  /** A new process on the same machine. */
  async reopen(processDied: boolean): Promise<void> {
    this.store.abandon();
    for (let attempt = 0; ; attempt++) {
      try {
        this.store = await this.ended(openStore(this.host, 's', this.options));
        break;
      } catch (error) {
        if (error instanceof Violation) throw error;
        // The process before was opening it; its handle goes with it.
        if (isVarveError(error, 'STORE_BUSY')) await this.disk.advanceAsync(STEP_MS);
        else this.expectFault(error);
        if (isVarveError(error, 'QUOTA_EXCEEDED') && this.disk.limitBytes !== Infinity)
          await this.makeRoom();
        demand(attempt < 5, 'I7', `the store does not open any more: ${describe(error)}`);
        if (attempt > 1) this.fault?.cancel();
      }
    }
    this.listen();
    const { generation, lastLsn, state, recovery } = this.store.status();
    if (state !== 'open')
      throw new Violation(`I6: an undamaged store opens ${state}: ${JSON.stringify(recovery)}`);
    demand(
      generation > this.generation,
      'I5',
      `generation ${generation} came after ${this.generation}`,
    );
    this.generation = generation;
    this.history.reopened(lastLsn, this.op, processDied && (this.fault?.strikes ?? 0) === 0);
  }

  /** A full disk may have no room for what recovery writes again. All of it can be read; then there is room. */
  private async makeRoom(): Promise<void> {
    const reader = await this.ended(openStore(this.host, 's', { ...this.options, readOnly: true }));
    const { lastLsn } = reader.status();
    const owed = this.history.owedTo(this.op);
    demand(lastLsn >= owed, 'I1', `a full disk shows ${lastLsn} records of ${owed}`);
    reader.abandon();
    this.disk.limitBytes = Infinity;
  }
}

/** It waited for a reopening behind which so many had come that nobody knows who was here. */
const isForgotten = (error: unknown): boolean => isVarveError(error, 'OUTCOME_UNKNOWN');

export function describe(error: unknown): string {
  if (!isVarveError(error)) return error instanceof Error ? String(error.stack) : String(error);
  return `${error.message} ${JSON.stringify(error.facts)} ${error.outcome ?? ''}`;
}

export function payloadOf(serial: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let x = (serial + 1) * 2_654_435_761;
  for (let index = 0; index < length; index++) {
    x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = x >>> 24;
  }
  return bytes;
}

export function framesOf(payloads: readonly Uint8Array[]): Uint8Array {
  const length = payloads.reduce((sum, payload) => sum + recordFrameBytes(0, payload.length), 0);
  const frames = new Uint8Array(length);
  let at = 0;
  for (const payload of payloads) at = writeRecordFrame(frames, at, 64, 0, payload);
  return frames;
}

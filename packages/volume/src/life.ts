/**
 * The life of a volume: loaded, loaded anew after a fault, checkpointed, closed or given up.
 *
 * Always true:
 * - after a fault nothing is issued on what was in memory: the gate is closed until it is loaded anew
 * - whoever waits hears of the end: the gate opens, and whoever goes through is refused
 * - what a fault has voided is never written by a checkpoint
 */
import { readU32 } from '@varve/bytes';
import type { Host } from '@varve/files';
import type { Store } from '@varve/journal';
import { isVarveError, type StoreEvent, VarveError, withOutcome } from '@varve/protocol';
import { Core } from './core.ts';
import { Gate } from './gate.ts';
import type { CompleteOptions } from './options.ts';
import { makeHeader, type OpenFiles, openFiles, type Place, storedHeader } from './place.ts';
import { Reader } from './reader.ts';
import type { VolumeEvent, VolumeStatus } from './volume-port.ts';
import { Work } from './work.ts';

const RELOAD_DELAYS_MS = [0, 50, 500, 2_000];
const CHECKPOINT_SLICE_BYTES = 1_048_576;

export class VolumeLife {
  onEvent: (event: VolumeEvent) => void;
  readonly name: string;
  readonly host: Host;
  readonly options: CompleteOptions;
  readonly gate = new Gate();
  readonly work: Work;
  state: VolumeStatus['state'] = 'reloading';
  core!: Core;
  reader!: Reader;
  private readonly place: Place;
  private endedBy: VarveError | undefined;
  private opened: OpenFiles | undefined;
  private reloading: Promise<void> | undefined;
  private checkpointing: Promise<void> | undefined;
  private closing: Promise<void> | undefined;

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
      core: () => (this.state === 'open' ? this.core : undefined),
      gate: this.gate,
      timers: host.timers,
      stepExceptions: options.stepExceptions,
      voided: (cause) => this.voided(cause),
      giveUp: (cause) => this.giveUp(cause),
      onEvent: (event) => this.onEvent(event),
    });
  }

  get store(): Store {
    return this.place.store;
  }

  /** Opens for the first time, and anew after a fault. @throws VarveError */
  async load(): Promise<void> {
    this.closeFiles();
    const stored = storedHeader(this.place, this.name, this.options);
    const opened = await openFiles(this.place, this.name, stored === undefined);
    try {
      const base = stored ?? (await makeHeader(this.place, this.options, this.randomSeed()));
      this.demandNotEnded();
      const { state } = this.store;
      if (state !== 'open') {
        // A journal that failed meanwhile may come back.
        const code = state === 'read-only' ? 'CORRUPT' : 'IO_ERROR';
        throw new VarveError(code, 'the volume’s journal failed', {
          facts: { store: this.name },
        });
      }
      this.core = new Core(this.store, opened, base, this.options, (cause) => this.fail(cause));
    } catch (error) {
      opened.data.close();
      opened.meta.close();
      throw error;
    }
    this.opened = opened;
    this.reader = new Reader(this.core.state, this.core.files);
    this.state = 'open';
    this.work.loaded();
  }

  private randomSeed(): number {
    const bytes = new Uint8Array(4);
    this.host.random.fill(bytes);
    return readU32(bytes, 0);
  }

  private closeFiles(): void {
    this.opened?.data.close();
    this.opened?.meta.close();
    this.opened = undefined;
  }

  heard(event: StoreEvent): void {
    if (event.type === 'durable' && this.state === 'open') {
      this.core.durableLsn = Math.max(this.core.durableLsn, event.lsn);
    }
    if (event.type === 'poisoned' || event.type === 'lost') {
      this.fail(new VarveError('IO_ERROR', 'the volume’s journal failed', { outcome: 'unknown' }));
    }
    this.onEvent({ type: 'store', event });
  }

  /** Resolves when it is clear whether the volume can be used. @throws why not */
  async settled(): Promise<void> {
    if (this.state === 'reloading') await this.reloading;
    this.demandNotEnded();
  }

  /** Undefined: nothing is being loaded. */
  get loading(): Promise<void> | undefined {
    return this.state === 'reloading' ? this.reloading : undefined;
  }

  /** @throws why nothing can be done any more */
  demandNotEnded(): void {
    if (this.endedBy !== undefined) throw this.endedBy;
  }

  /** @throws why nothing can be looked at now */
  demandOpen(): void {
    if (this.state !== 'open') throw this.refusal();
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

  /** What is in memory may say what the journal does not: it is void. */
  private fail(cause: VarveError): void {
    if (this.state !== 'open') return;
    this.state = 'reloading';
    this.gate.close();
    this.core.records.stop(cause);
    this.reloading = this.reload(cause);
  }

  /** A change was begun in memory and not finished. Returns what to tell of it. */
  voided(cause: unknown): VarveError {
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
      if (this.state !== 'reloading') return;
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
    if (this.state === 'reloading') this.giveUp(last);
  }

  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.host.timers.after(delayMs, resolve));
  }

  /** No way back: everyone who waits is told. */
  private end(state: 'failed' | 'closed', error: VarveError): void {
    if (this.endedBy !== undefined) return;
    const wasReloading = this.loading !== undefined;
    this.letGo(state, error);
    this.store.abandon();
    if (wasReloading) this.gate.open();
  }

  private letGo(state: 'failed' | 'closed', error: VarveError): void {
    this.endedBy = error;
    this.state = state;
    // Of an open that failed there is nothing yet.
    (this.core as Core | undefined)?.records.stop(error);
    this.work.end(error);
    this.closeFiles();
    // Whoever waits at the gate goes through, and is refused.
    this.work.letGo();
  }

  /** After something became durable. */
  tidy(): void {
    if (this.state !== 'open') return;
    try {
      this.core.relieve();
    } catch (error) {
      this.voided(error);
      return;
    }
    if (this.core.isCheckpointDue && this.checkpointing === undefined) {
      this.checkpoint().catch(() => {});
    }
  }

  checkpoint(): Promise<void> {
    this.checkpointing ??= this.checkpointNow().finally(() => {
      this.checkpointing = undefined;
    });
    return this.checkpointing;
  }

  private async checkpointNow(): Promise<void> {
    await this.settled();
    const { core } = this;
    try {
      while (!core.prepareCheckpoint(CHECKPOINT_SLICE_BYTES)) {
        await this.pause(0);
        if (this.core !== core || this.state !== 'open') throw this.refusal();
      }
      core.files.flushData();
    } catch (error) {
      if (this.core === core) this.voided(error);
      throw error;
    }
    this.gate.close();
    const release = this.work.hold();
    try {
      await core.checkpoint();
      this.onEvent({ type: 'checkpointed', lsn: core.checkpointLsn });
    } catch (error) {
      if (this.core === core) this.voided(error);
      throw error;
    } finally {
      release();
      this.gate.open();
    }
    this.work.renew();
    this.work.begin();
  }

  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  private async closeNow(): Promise<void> {
    if (this.endedBy !== undefined) return;
    const closed = new VarveError('CLOSED', undefined, { facts: { store: this.name } });
    try {
      this.work.pause();
      if (this.checkpointing !== undefined) await this.checkpointing.catch(() => {});
      await this.checkpoint();
      await this.core.records.flush();
      this.demandOpen();
    } catch (error) {
      this.end('closed', closed);
      throw error;
    }
    this.letGo('closed', closed);
    await this.store.close();
  }

  abandon(): void {
    this.end('closed', new VarveError('CLOSED', undefined, { facts: { store: this.name } }));
  }
}

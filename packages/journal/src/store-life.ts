/**
 * The life of a store: opened, reopened in a new generation after a fault, closed, or lost.
 *
 * Always true:
 * - `journal` is there exactly while appends are taken
 * - a failed write or flush ends the journal's generation; the store reopens itself, or stays closed
 * - whoever waits for something of a generation hears of its end
 * - nobody is told that something was written by a store whose file may be another's already
 */
import type { Host } from '@varve/files';
import {
  type DamageRange,
  isVarveError,
  type RecoveryReport,
  type StoreEvent,
  type StoreStatus,
  VarveError,
} from '@varve/protocol';
import { failedIo } from './io.ts';
import type { Journal, JournalEnvironment } from './journal.ts';
import { Liveness } from './liveness.ts';
import { type OpenedJournal, openJournal } from './open-journal.ts';
import { hex, JOURNAL_FILE } from './store-files.ts';
import type { StoreOptions } from './store-port.ts';

export type StoreState = StoreStatus['state'];

/** Who depends on a life. */
export interface Dependants {
  /** A generation can be used. */
  begun(): void;
  /** A generation ended; `over`: none follows. */
  ended(cause: VarveError, over: boolean): void;
}

const REOPEN_DELAYS_MS = [0, 50, 500, 2_000];

export class StoreLife {
  readonly name: string;
  readonly host: Host;
  readonly options: StoreOptions;
  onEvent: (event: StoreEvent) => void;
  state: StoreState = 'closed';
  opened: OpenedJournal | undefined;
  report: RecoveryReport | undefined;
  liveness: Liveness | undefined;
  /** Resolves when it is clear whether the store came back, or it was given up before. */
  reopening: Promise<void> | undefined;
  private giveUp: () => void = () => undefined;
  closing: Promise<void> | undefined;
  /** Each ends when someone has been told of what is in the file. */
  readonly looks = new Set<Promise<void>>();
  /** Last LSN that somebody was told is there. */
  ackedLsn = 0;
  /** Flushes of the generations before. */
  flushesBefore = 0;
  readonly damage: DamageRange[] = [];
  private endedBy: VarveError | undefined;
  /** What the witness was raised to since the store was opened. */
  private witnessedLsn = 0;
  private readonly environment: JournalEnvironment;
  private readonly dependants: Dependants;

  constructor(
    host: Host,
    name: string,
    options: StoreOptions,
    onEvent: (event: StoreEvent) => void,
    dependants: Dependants,
  ) {
    this.host = host;
    this.name = name;
    this.options = options;
    this.onEvent = onEvent;
    this.dependants = dependants;
    this.environment = {
      nowMs: () => host.clock.nowMs(),
      wallMs: () => host.clock.wallMs(),
      fill: (bytes) => host.random.fill(bytes),
      onDamage: (range) => this.noteDamage(range),
    };
  }

  /** Opens for the first time. */
  async start(): Promise<void> {
    await this.begin();
    this.onEvent({ type: 'recovered', report: this.report! });
    for (const range of this.opened!.recovered.damage) this.noteDamage(range);
  }

  private async begin(): Promise<void> {
    const before = this.state;
    const earlier = this.opened?.recovered.superblock.seedId;
    const { options } = this;
    const mayCreate = options.create && earlier === undefined;
    const given = { ...options, create: mayCreate };
    const opened = await openJournal(this.host, this.name, given, this.environment);
    const { seedId } = opened.recovered.superblock;
    const isOther = earlier !== undefined && hex(earlier) !== hex(seedId);
    if (this.state !== before || isOther) {
      // Abandoned while it was being reopened: whoever comes next must find the file free.
      opened.file.close();
      throw isOther ? new VarveError('STORE_LOST') : this.refusal();
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
    this.dependants.begun();
  }

  /** The journal while it may be written. */
  get journal(): Journal | undefined {
    return this.state === 'open' ? this.opened?.journal : undefined;
  }

  /** What can be read now. @throws why nothing can */
  get source(): NonNullable<OpenedJournal['journal'] | OpenedJournal['readOnly']> {
    const source = this.opened?.journal ?? this.opened?.readOnly;
    const readable = this.state === 'open' || this.state === 'read-only';
    if (source !== undefined && readable) return source;
    throw this.refusal();
  }

  /** Resolves the file's name again; false: it is gone. */
  isThere(): Promise<boolean> {
    return this.liveness!.check(this.ackedLsn);
  }

  /** The files are gone: what was acknowledged since the last good check may be void. */
  lose(): void {
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
    const { journal } = this.opened!;
    this.state = 'reopening';
    this.flushesBefore += journal!.tail.flushes;
    this.dependants.ended(cause, false);
    const given = new Promise<void>((resolve) => (this.giveUp = resolve));
    this.reopening = Promise.race([this.reopen(cause), given]);
    this.onEvent({ type: 'poisoned', message: cause.message, generation: journal!.generation });
    this.announceQuota(cause);
  }

  private async reopen(cause: VarveError): Promise<void> {
    let last = cause;
    // It stays ours until everyone is told what is in it.
    await Promise.allSettled(this.looks);
    if (this.state === 'reopening') this.opened!.file.close();
    for (const delayMs of REOPEN_DELAYS_MS) {
      if (delayMs > 0) await this.sleep(delayMs);
      if (this.state !== 'reopening') return;
      try {
        await this.begin();
        this.onEvent({ type: 'reopened', report: this.report! });
        return;
      } catch (error) {
        if (this.state !== 'reopening') return;
        last = isVarveError(error) ? error : failedIo(error, 'reopening failed');
        // With the files the witness may be gone, too: nothing is begun anew here.
        if (last.code === 'STORE_LOST' || last.code === 'NOT_FOUND') return this.lose();
        if (last.code === 'CORRUPT') break;
      }
    }
    this.end('poisoned', new VarveError('POISONED', last.message, { cause: last }));
  }

  private sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.host.timers.after(delayMs, resolve));
  }

  /** A broken invariant: nothing this store says can be trusted any more. */
  poison(cause: unknown): VarveError {
    const message = isVarveError(cause) ? cause.message : String(cause);
    const error = new VarveError('POISONED', message, { cause });
    this.end('poisoned', error);
    this.onEvent({ type: 'poisoned', message, generation: this.report!.generation });
    return error;
  }

  /** No way back: everyone who waits is told, and the file is closed; `closing` says when, if not at once. */
  end(state: StoreState, error: VarveError): void {
    this.endedBy = error;
    this.state = state;
    this.dependants.ended(error, true);
    this.giveUp();
    const file = this.opened?.file;
    if (this.looks.size === 0) return file?.close();
    // In a turn of its own: what they were told has left by then.
    this.closing = Promise.allSettled(this.looks)
      .then(() => this.sleep(0))
      .then(() => file?.close());
  }

  /** Why this store takes no appends now. */
  refusal(): VarveError {
    if (this.endedBy !== undefined) return this.endedBy;
    if (this.state === 'reopening') {
      return new VarveError('IO_ERROR', 'the store is being reopened', {
        facts: { store: this.name, retry: true },
      });
    }
    if (this.state === 'read-only') {
      const [range] = this.damage;
      return new VarveError('READ_ONLY', undefined, {
        facts:
          range === undefined
            ? { store: this.name }
            : { store: this.name, from: range.from, to: range.to },
      });
    }
    return this.closedError();
  }

  closedError(): VarveError {
    return new VarveError('CLOSED', undefined, { facts: { store: this.name } });
  }

  noteDamage(range: DamageRange): void {
    if (this.damage.some(({ from, to }) => from === range.from && to === range.to)) return;
    this.damage.push(range);
    this.onEvent({ type: 'damage', range });
  }

  announceQuota(error: VarveError): void {
    if (error.code === 'QUOTA_EXCEEDED' || error.code === 'STORE_FULL') {
      this.onEvent({ type: 'quota', message: error.message });
    }
  }

  /** Raises the witness's lower bound of what is durable. Its failure costs nothing but that. */
  async writeWitness(durableLsn: number): Promise<void> {
    const witness = this.opened?.witness;
    if (witness === undefined || durableLsn <= Math.max(witness.durableLsn, this.witnessedLsn))
      return;
    try {
      await this.host.witness.write(this.name, { ...witness, durableLsn });
      this.witnessedLsn = durableLsn;
    } catch {
      // A lower bound that stays lower proves less, never something wrong.
    }
  }
}

/**
 * One open store in this page, shared by every handle that `openLog` gave out for its name.
 *
 * Always true:
 * - `status` is the same object until something changes
 * - after the engine's death every handle learns it, and the next `openLog` starts afresh
 */
import { isVarveError } from '@varve/protocol';
import type {
  Opened,
  OpenRequest,
  StatusMessage,
  StoreEvent,
  StoreStatus,
  VarveError,
} from '@varve/protocol';
import { AppendQueue } from './append-queue.ts';
import type { LogStatus, StateSnapshot } from './api.ts';
import type { EngineClient } from './engine-client.ts';
import type { Platform, StorageFacts } from './platform.ts';

/** What a handle hears. */
export interface SessionListener {
  onStatus(): void;
  onEvent(event: StoreEvent): void;
  onCheckpointDue(): void;
  onDied(error: VarveError): void;
}

export type StateProvider = () => StateSnapshot | Promise<StateSnapshot>;

export class LogSession {
  readonly name: string;
  readonly request: OpenRequest;
  readonly engine: EngineClient;
  readonly appends: AppendQueue;
  readonly #platform: Platform;
  readonly #listeners = new Set<SessionListener>();
  readonly #stopWatching: () => void;
  readonly #onDied: () => void;
  #engineStatus: StoreStatus;
  #storage: StorageFacts = { persisted: null, quota: null };
  #status: LogStatus | undefined;
  /** Acknowledged, but not in a status yet. */
  #lastLsn = 0;
  #durableLsn = 0;

  constructor(
    name: string,
    { request, status }: Opened,
    engine: EngineClient,
    platform: Platform,
    onDied: () => void,
  ) {
    this.name = name;
    this.request = request;
    this.engine = engine;
    this.#engineStatus = status;
    this.#platform = platform;
    this.#onDied = onDied;
    this.appends = new AppendQueue(engine.data, request.queueBytes);
    this.appends.onAcknowledged = (lastLsn, durability) => this.#acknowledged(lastLsn, durability);
    engine.data.onStatus = (message) => this.#receive(message);
    engine.onDied = (error) => this.#died(error);
    this.#stopWatching = platform.watchPage(
      () => void engine.control.call('park').catch(() => undefined),
      () => void this.refresh().catch(() => undefined),
    );
  }

  get status(): LogStatus {
    const { lastLsn, durableLsn, queue } = this.#engineStatus;
    const { waitingAppends, waitingBytes, stalls } = this.appends;
    return (this.#status ??= {
      ...this.#engineStatus,
      ...this.#storage,
      name: this.name,
      lastLsn: Math.max(lastLsn, this.#lastLsn),
      durableLsn: Math.max(durableLsn, this.#durableLsn),
      queue: {
        waitingAppends: queue.waitingAppends + waitingAppends,
        waitingBytes: queue.waitingBytes + waitingBytes,
        stalls: queue.stalls + stalls,
      },
    });
  }

  async refresh(): Promise<LogStatus> {
    const [status, storage] = await Promise.all([
      this.engine.control.call('status'),
      this.#platform.storageFacts(),
    ]);
    this.#storage = storage;
    this.#update(status);
    return this.status;
  }

  add(listener: SessionListener): void {
    this.#listeners.add(listener);
  }

  remove(listener: SessionListener): void {
    this.#listeners.delete(listener);
  }

  /** Finishes what was appended, closes the store, ends the engine. Once. */
  async close(): Promise<void> {
    this.#stopWatching();
    try {
      await this.appends.drained();
      await this.engine.control.call('close');
    } catch (error) {
      // A dead engine has nothing left to close: its store is as a crash leaves it.
      if (!isVarveError(error, 'WORKER_DIED')) throw error;
    } finally {
      this.engine.end();
      this.#ended();
    }
  }

  #receive({ status, events, checkpointDue }: StatusMessage): void {
    this.#update(status);
    for (const event of events) {
      for (const listener of [...this.#listeners]) listener.onEvent(event);
    }
    if (!checkpointDue) return;
    for (const listener of this.#listeners) listener.onCheckpointDue();
  }

  #update(status: StoreStatus): void {
    this.#engineStatus = status;
    this.#status = undefined;
    for (const listener of [...this.#listeners]) listener.onStatus();
  }

  #ended(): void {
    this.#update({ ...this.#engineStatus, state: 'closed' });
  }

  /** So that `status()` after an `await append` never lies behind it; no message is needed for it. */
  #acknowledged(lastLsn: number, durability = this.request.durability): void {
    this.#lastLsn = Math.max(this.#lastLsn, lastLsn);
    if (durability === 'strict') this.#durableLsn = Math.max(this.#durableLsn, lastLsn);
    this.#status = undefined;
  }

  #died(error: VarveError): void {
    this.#stopWatching();
    this.#onDied();
    this.#ended();
    for (const listener of [...this.#listeners]) listener.onDied(error);
  }
}

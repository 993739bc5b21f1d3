/**
 * One client's open store, through parking and coming back.
 *
 * Always true:
 * - `store` is set exactly while the lock and the handle are ours; or it was lost, and only tells
 * - what comes back after parking is the very store that was parked, or STORE_LOST: never a fresh one
 * - opening, parking and closing never overlap: each waits for the one before
 * - after `close` or a lost lock nothing opens the store again
 */
import type { HeldLock, Host } from '@varve/files';
import type { StoreOptions, StorePort } from '@varve/journal';
import { VarveError, isVarveError } from '@varve/protocol';
import type { OpenRequest, StoreEvent, StoreStatus } from '@varve/protocol';
import { takeStore } from './leadership.ts';
import type { EngineServices } from './services.ts';

/** Readers hold back at most this much history from retirement. */
const READER_HOLD_BYTES = 64 * 1024 * 1024;
const OPEN_UNITS_MAX = 16;

interface Opened {
  readonly name: string;
  readonly host: Host;
  readonly request: OpenRequest;
}

export class StoreSession {
  /** Read by the hot path; moved by this class alone. */
  store: StorePort | undefined;
  readonly #services: EngineServices;
  readonly #onEvent: (event: StoreEvent) => void;
  #opened: Opened | undefined;
  #lock: HeldLock | undefined;
  /** How the store stood when it was parked; since it was found lost, that. */
  #parked: StoreStatus | undefined;
  /** Why no call can succeed any more. */
  #ended: VarveError | undefined;
  #waiting: (() => void)[] = [];
  /** The transition under way; each new one goes behind it. */
  #transition: Promise<unknown> = Promise.resolve();

  constructor(services: EngineServices, onEvent: (event: StoreEvent) => void) {
    this.#services = services;
    this.#onEvent = onEvent;
  }

  get request(): OpenRequest | undefined {
    return this.#opened?.request;
  }

  /** How the store stands; undefined while another may have it. */
  get status(): StoreStatus | undefined {
    if (this.store !== undefined) return this.store.status();
    return this.#parked?.state === 'lost' ? this.#parked : undefined;
  }

  /** Opened, but given back for now. */
  get isParked(): boolean {
    return this.#opened !== undefined && this.store === undefined && this.#ended === undefined;
  }

  open(name: string, request: OpenRequest): Promise<StorePort> {
    return this.#next(async () => {
      this.#check();
      if (this.#opened !== undefined) throw new VarveError('BAD_MESSAGE', 'open was called twice');
      this.#opened = await this.#openSomewhere(name, request);
      return this.store!;
    });
  }

  /** The open store, taken back first if it was parked. */
  ready(): Promise<StorePort> {
    if (this.store !== undefined) return Promise.resolve(this.store);
    return this.#next(async () => {
      this.#check();
      if (this.#opened === undefined) throw new VarveError('BAD_MESSAGE', 'open comes first');
      return this.store ?? this.#take(this.#opened);
    });
  }

  /** Resolves when a parked store was taken back, or never will be. Takes nothing by itself. */
  returned(): Promise<void> {
    if (this.store !== undefined || this.#ended !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Gives lock and handle back, cleanly; the next call takes them again. */
  park(): Promise<void> {
    return this.#next(() => this.#giveBack());
  }

  close(): Promise<void> {
    return this.#next(async () => {
      this.#end(new VarveError('CLOSED', undefined, { outcome: 'not-written' }));
      await this.#giveBack();
    });
  }

  #next<T>(step: () => Promise<T>): Promise<T> {
    const result = this.#transition.then(step);
    this.#transition = result.catch(() => undefined);
    return result;
  }

  #end(reason: VarveError): void {
    this.#ended ??= reason;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  #check(): void {
    if (this.#ended !== undefined) throw this.#ended;
  }

  /** On durable storage, or in memory where that is refused and the client agreed to it. */
  async #openSomewhere(name: string, request: OpenRequest): Promise<Opened> {
    try {
      const opened = { name, request, host: await this.#services.durableHost() };
      await this.#take(opened);
      return opened;
    } catch (error) {
      const refused = await this.#services.refusal(error);
      if (refused === undefined) throw error;
      if (request.fallback !== 'memory') throw refused;
      const opened = { name, request, host: this.#services.memoryHost() };
      await this.#take(opened);
      return opened;
    }
  }

  async #take(opened: Opened): Promise<StorePort> {
    const { name, host, request } = opened;
    const { lock, value } = await takeStore(host, name, request.busyTimeoutMs, () =>
      this.#parked === undefined ? this.#open(opened) : this.#openAgain(opened, this.#parked),
    );
    this.#lock = lock;
    this.store = value;
    void lock.lost.then(() => this.#deposed(lock));
    this.#wake();
    return value;
  }

  #open({ name, host, request }: Opened, create = request.create): Promise<StorePort> {
    const options = storeOptions({ ...request, create });
    return this.#services.openStore(host, name, options, this.#onEvent);
  }

  async #openAgain(opened: Opened, parked: StoreStatus): Promise<StorePort> {
    const { seedId, lastLsn } = parked;
    const lost = (cause?: unknown): VarveError => {
      const error = new VarveError('STORE_LOST', 'the store’s files vanished while it was parked', {
        facts: { store: opened.name, from: lastLsn + 1, to: lastLsn },
        outcome: 'not-written',
        cause,
      });
      this.#parked = { ...parked, state: 'lost' };
      this.#onEvent({ type: 'lost', from: lastLsn + 1, to: lastLsn });
      this.#end(error);
      return error;
    };
    const store = await this.#open(opened, false).catch((error: unknown) => {
      const isGone = isVarveError(error, 'NOT_FOUND') || isVarveError(error, 'STORE_LOST');
      throw isGone ? lost(error) : error;
    });
    if (store.status().seedId === seedId) return store;
    await store.close();
    throw lost();
  }

  async #giveBack(): Promise<void> {
    const { store } = this;
    const lock = this.#lock;
    this.store = undefined;
    this.#lock = undefined;
    try {
      await store?.close();
      // Who hears that it was given back may open it; and a worker that stands still says nothing.
      await this.#opened?.host.closed?.();
    } finally {
      lock?.release();
      this.#parked = store?.status() ?? this.#parked;
      if (store?.status().state === 'lost' && this.#ended === undefined) this.store = store;
    }
  }

  /** The lock went to somebody else: whatever we would still write could harm the new owner. */
  #deposed(lock: HeldLock): void {
    if (this.#lock !== lock) return;
    const { store } = this;
    this.store = undefined;
    this.#lock = undefined;
    store?.abandon();
    const outcome = 'not-written';
    this.#end(new VarveError('LEADER_LOST', 'another tab took the store over', { outcome }));
    this.#onEvent({ type: 'role', role: 'follower' });
  }
}

function storeOptions(request: OpenRequest): StoreOptions {
  const { maxBytes } = request;
  return {
    ...request,
    maxBytes: maxBytes === 0 ? Number.MAX_SAFE_INTEGER : maxBytes,
    readerHoldBytes: READER_HOLD_BYTES,
    openUnitsMax: OPEN_UNITS_MAX,
  };
}

/**
 * One client's open store, through parking, coming back, and changes of leader.
 *
 * Always true:
 * - `store` is set exactly while the lock and the handle are ours (or it was lost, and only tells);
 *   `relay` while another tab's engine has them
 * - what comes back after parking is the very store that was parked, or STORE_LOST: never a fresh one
 * - opening, parking and closing never overlap: each waits for the one before
 * - after `close` nothing opens the store again
 */
import type { HeldLock, Host } from '@varve/files';
import { VarveError, isVarveError } from '@varve/protocol';
import type { StatusMessage, StoreEvent, StoreStatus } from '@varve/protocol';
import { takeStore } from './leadership.ts';
import { Membership } from './membership.ts';
import { Moved, type Relay } from './relay.ts';
import type { Led, Service, SharedRequest } from './service.ts';
import type { EngineServices } from './services.ts';

interface Opened<S extends Led, R extends Relay, Q extends SharedRequest> {
  readonly name: string;
  readonly host: Host;
  readonly request: Q;
  /** Where there are other tabs. */
  readonly membership: Membership<S, R, Q> | undefined;
}

/** Until a parked store is taken back. */
interface Waiting {
  readonly resume: () => void;
  /** Undefined: waits for another attempt. */
  readonly fail: ((error: unknown) => void) | undefined;
}

/** What this session tells its client. */
export interface SessionHearer {
  event(event: StoreEvent): void;
  /** From the leader, while this is a follower. */
  status(message: StatusMessage): void;
}

export class Session<S extends Led, R extends Relay, Q extends SharedRequest> {
  readonly #services: EngineServices;
  readonly #service: Service<S, R, Q>;
  readonly #hearer: SessionHearer;
  #opened: Opened<S, R, Q> | undefined;
  /** Where there are no other tabs, and of a store that was lost. */
  #own: S | undefined;
  #lock: HeldLock | undefined;
  /** How the store stood when it was parked; since it was found lost, that. */
  #parked: StoreStatus | undefined;
  #role: 'leader' | 'follower' | undefined;
  /** Why no call can succeed any more. */
  #ended: VarveError | undefined;
  #waiting: Waiting[] = [];
  /** Everybody who waits for the store waits for one attempt, and hears together how it went. */
  #returning: Promise<void> | undefined;
  /** The transition under way; each new one goes behind it. */
  #transition: Promise<unknown> = Promise.resolve();

  constructor(services: EngineServices, service: Service<S, R, Q>, hearer: SessionHearer) {
    this.#services = services;
    this.#service = service;
    this.#hearer = hearer;
  }

  /** Ours to read and write. */
  get store(): S | undefined {
    return this.#own ?? this.#opened?.membership?.store;
  }

  /** Another tab's: to be asked. */
  get relay(): R | undefined {
    const membership = this.#opened?.membership;
    return membership?.isArriving === true ? undefined : membership?.relay;
  }

  get request(): Q | undefined {
    return this.#opened?.request;
  }

  /** How the store stands; undefined while nobody can say. */
  get status(): StoreStatus | undefined {
    const { store } = this;
    if (store !== undefined) return this.#service.statusOf(store);
    return this.relay?.status ?? (this.#parked?.state === 'lost' ? this.#parked : undefined);
  }

  /** Opened, but given back for now. */
  get isParked(): boolean {
    return this.#opened !== undefined && !this.#isSeated && this.#ended === undefined;
  }

  get #isSeated(): boolean {
    return this.store !== undefined || this.relay !== undefined;
  }

  open(name: string, request: Q, given: object): Promise<void> {
    return this.#next(async () => {
      this.#check();
      if (this.#opened !== undefined) throw new VarveError('BAD_MESSAGE', 'open was called twice');
      await this.#openSomewhere(name, request, given);
    });
  }

  /** Resolves when there is a store, or a leader to ask; taken back first if it was parked. */
  ready(): Promise<void> {
    if (this.#isSeated) return Promise.resolve();
    this.#returning ??= this.#next(async () => {
      try {
        this.#check();
        if (this.#opened === undefined) throw new VarveError('BAD_MESSAGE', 'open comes first');
        if (!this.#isSeated) await this.#take(this.#opened);
      } catch (error) {
        this.#failed(error);
        throw error;
      } finally {
        this.#returning = undefined;
      }
    });
    return this.#returning;
  }

  /**
   * Resolves when a parked store was taken back, or never will be. Takes nothing by itself.
   * @param isPatient waits on when taking it back has failed
   */
  returned(isPatient = false): Promise<void> {
    if (this.#isSeated || this.#ended !== undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resume: resolve, fail: isPatient ? undefined : reject });
    });
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
    for (const { resume } of waiting) resume();
  }

  /** Taking it back did: nobody knows when somebody will try again. */
  #failed(error: unknown): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ fail }) => fail === undefined);
    for (const { fail } of waiting) fail?.(error);
  }

  #check(): void {
    if (this.#ended !== undefined) throw this.#ended;
  }

  /** On durable storage, or in memory where that is refused and the client agreed to it. */
  async #openSomewhere(name: string, request: Q, given: object): Promise<void> {
    try {
      await this.#openOn(await this.#services.durableHost(), name, request, given);
    } catch (error) {
      const refused = await this.#services.refusal(error);
      if (refused === undefined) throw error;
      if (request.fallback !== 'memory') throw refused;
      await this.#openOn(this.#services.memoryHost(), name, request, given);
    }
  }

  async #openOn(host: Host, name: string, request: Q, given: object): Promise<void> {
    const opened: Opened<S, R, Q> = {
      name,
      host,
      request,
      membership: this.#member(host, name, request, given),
    };
    this.#opened = opened;
    try {
      await this.#take(opened);
    } catch (error) {
      this.#opened = undefined;
      throw error;
    }
  }

  #member(host: Host, name: string, request: Q, given: object): Membership<S, R, Q> | undefined {
    const channels = usableChannels(host);
    if (channels === undefined) return undefined;
    const membership: Membership<S, R, Q> = new Membership<S, R, Q>({
      service: this.#service,
      host: { ...host, channels },
      name,
      request,
      given,
      open: () => this.#openFile(this.#opened!),
      onEvent: (event) => this.#tell(event),
      onSeat: () => this.#seated(membership),
      onStatus: (message) => {
        this.#parked = this.#known(message.status);
        this.#hearer.status(message);
      },
      onOut: () => this.#wake(),
    });
    return membership;
  }

  /** The followers hear it, too. */
  #tell(event: StoreEvent): void {
    this.#hearer.event(event);
    this.#opened?.membership?.leading?.event(event);
  }

  async #take(opened: Opened<S, R, Q>): Promise<void> {
    const { name, host, request, membership } = opened;
    if (membership !== undefined) {
      await membership.enter();
      // Whoever began to wait while it was on its way.
      return this.#wake();
    }
    const { lock, value } = await takeStore(host, name, request.busyTimeoutMs, () =>
      this.#openFile(opened),
    );
    this.#lock = lock;
    this.#own = value;
    void lock.lost.then(() => this.#deposed(lock));
    this.#wake();
  }

  #seated({ store, relay }: Membership<S, R, Q>): void {
    const role = store === undefined ? 'follower' : 'leader';
    const changed = this.#role !== undefined && this.#role !== role;
    this.#role = role;
    if (changed) this.#hearer.event({ type: 'role', role });
    const { host, name } = this.#opened!;
    if (relay !== undefined) this.#services.rehearse?.(host, name);
    if (store !== undefined || relay !== undefined) this.#wake();
  }

  #openFile(opened: Opened<S, R, Q>): Promise<S> {
    return this.#parked === undefined ? this.#open(opened) : this.#openAgain(opened, this.#parked);
  }

  #open({ name, host, request }: Opened<S, R, Q>, create?: false): Promise<S> {
    return this.#service.open(host, name, request, (event) => this.#tell(event), create);
  }

  async #openAgain(opened: Opened<S, R, Q>, parked: StoreStatus): Promise<S> {
    const { seedId, lastLsn } = parked;
    const lost = (cause?: unknown): VarveError => {
      const error = new VarveError('STORE_LOST', 'its files vanished meanwhile', {
        facts: { store: opened.name, from: lastLsn + 1, to: lastLsn },
        outcome: 'not-written',
        cause,
      });
      this.#parked = { ...parked, state: 'lost' };
      this.#hearer.event({ type: 'lost', from: lastLsn + 1, to: lastLsn });
      this.#end(error);
      return error;
    };
    const store = await this.#open(opened, false).catch((error: unknown) => {
      const isGone = isVarveError(error, 'NOT_FOUND') || isVarveError(error, 'STORE_LOST');
      throw isGone ? lost(error) : error;
    });
    if (this.#service.statusOf(store).seedId === seedId) return store;
    await store.close();
    throw lost();
  }

  async #giveBack(): Promise<void> {
    // What has come belongs to this store still: its page may never come back.
    this.#services.gathering?.stage();
    const { store } = this;
    const lock = this.#lock;
    this.#own = undefined;
    this.#lock = undefined;
    try {
      await this.#opened?.membership?.leave(this.#ended ?? new Moved());
      if (this.#opened?.membership === undefined) await store?.close();
      // Who hears that it was given back may open it; and a worker that stands still says nothing.
      await this.#opened?.host.closed?.();
    } finally {
      lock?.release();
      if (store !== undefined) this.#parked = this.#service.statusOf(store);
      const isLost = this.#service.tellsOfLoss && this.#parked?.state === 'lost';
      if (isLost && this.#ended === undefined) this.#own = store;
    }
  }

  /** The lock went to somebody else: whatever we would still write could harm the new owner. */
  #deposed(lock: HeldLock): void {
    if (this.#lock !== lock) return;
    const store = this.#own;
    this.#own = undefined;
    this.#lock = undefined;
    store?.abandon();
    const outcome = 'not-written';
    this.#end(new VarveError('LEADER_LOST', 'another tab took it', { outcome }));
    this.#hearer.event({ type: 'role', role: 'follower' });
  }

  /** The store that this session knows: what is opened later under its name must be that one. */
  #known(status: StoreStatus): StoreStatus {
    const lastLsn = Math.max(status.lastLsn, this.#parked?.lastLsn ?? 0);
    return { ...status, lastLsn };
  }
}

/** Where a browser refuses them, nobody else can be reached: a store is whose tab has it open. */
function usableChannels({ channels }: Host): Host['channels'] {
  try {
    channels?.open('tabs', () => undefined).close();
    return channels;
  } catch {
    return undefined;
  }
}

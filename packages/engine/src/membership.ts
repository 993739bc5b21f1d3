/**
 * This engine's place among those of all tabs that have one store open: it leads, or it follows.
 *
 * Always true:
 * - `store` is set exactly while the lock and the handle are ours, `relay` while another is asked;
 *   never both
 * - a leader has its generation on disk before the first request is served: opening writes and
 *   flushes it
 * - whoever follows stands in the line for the lock: a leader's death makes the next one lead, and
 *   what its page has asked goes on there, in order
 * - a leader whose lock was taken writes nothing more; it follows
 * - what is led, and what is said over the links, is the service's business
 */
import type { HeldLock } from '@varve/files';
import { folderOf, JOURNAL_FILE } from '@varve/journal';
import { TABS_VERSION } from '@varve/protocol';
import type { AssemblyMessage, StatusMessage, StoreEvent } from '@varve/protocol';
import { Assembly } from './assembly.ts';
import type { GuestPlace } from './guests.ts';
import { lockName, openAsLeader, stealLockName } from './leadership.ts';
import { randomName } from './link.ts';
import { Moved, type Relay, type RelayContext, unresponsive } from './relay.ts';
import type { Leading, Led, Service, SharedRequest } from './service.ts';

export interface MembershipContext<
  S extends Led,
  R extends Relay,
  Q extends SharedRequest,
> extends GuestPlace {
  readonly service: Service<S, R, Q>;
  readonly request: Q;
  readonly given: object;
  /** Opens the store; the lock is ours. */
  readonly open: () => Promise<S>;
  /** While it leads: something happened beside the store. */
  readonly onEvent: (event: StoreEvent) => void;
  /** `store` or `relay` is another one now. */
  readonly onSeat: () => void;
  /** The leader tells this follower something. */
  readonly onStatus: (message: StatusMessage) => void;
  /** Neither leads nor follows any more, without having been asked to leave. */
  readonly onOut: (reason: unknown) => void;
}

export class Membership<S extends Led, R extends Relay, Q extends SharedRequest> {
  store: S | undefined;
  relay: R | undefined;
  /** Set while `store` is. */
  leading: Leading | undefined;
  readonly #context: MembershipContext<S, R, Q>;
  /** Through parking and coming back: a leader that hears us anew hears nothing of an older link. */
  readonly #member: string;
  #assembly: Assembly | undefined;
  #lock: HeldLock | undefined;
  /** Ends our place in the line for the lock. */
  #queue: AbortController | undefined;
  /** Ends any wait for the handle. */
  #stay: AbortController | undefined;
  /** Who waits for the first seat; called once. */
  #arrived: ((error?: unknown) => void) | undefined;
  #isDeposing = false;
  /** The lock is ours, the store not open yet. */
  #isTaking = false;

  constructor(context: MembershipContext<S, R, Q>) {
    this.#context = context;
    this.#member = randomName(context.host.random);
  }

  /** On the way to the first seat: who asks now waits behind those who have asked before. */
  get isArriving(): boolean {
    return this.#arrived !== undefined;
  }

  /**
   * Leads, if nobody does; else follows.
   * @throws LEADER_UNRESPONSIVE, UNSUPPORTED_VERSION, BAD_ARGUMENT, or why the store cannot be opened
   */
  async enter(): Promise<void> {
    const { host, name, request } = this.#context;
    this.#stay = new AbortController();
    const lock = await host.locks.acquire(lockName(name), { ifAvailable: true });
    this.#assembly = new Assembly(host.channels, name, this.#member, (message) =>
      this.#hear(message),
    );
    try {
      const { busyTimeoutMs } = request;
      if (!lock || !(await this.#take(lock, busyTimeoutMs))) await this.#arrive(busyTimeoutMs);
    } catch (error) {
      await this.leave();
      throw error;
    }
  }

  /** Gives back whatever it has, cleanly. Idempotent. @param reason what those hear who wait here */
  async leave(reason: unknown = new Moved()): Promise<void> {
    const { relay } = this;
    const lock = this.#lock;
    this.#stay?.abort(new Moved());
    this.#queue?.abort(new Moved());
    this.relay = undefined;
    this.#lock = undefined;
    this.#assembly?.close();
    this.#assembly = undefined;
    const settling = relay?.settle?.(reason);
    if (settling !== undefined) await settling;
    relay?.stop(reason);
    try {
      await this.#endLeading((store) => store.close());
      // Who hears that it was given back may open it; and a worker that stands still says nothing.
      await this.#context.host.closed?.();
    } finally {
      lock?.release();
    }
  }

  #hear(message: AssemblyMessage): void {
    const { store, leading } = this;
    switch (message.kind) {
      case 'lead':
        return this.relay?.link.meet(message);
      case 'opening':
        return this.relay?.link.wait();
      case 'seek':
        if (store !== undefined) this.#sayLeading(store);
        // Who waits for the handle of a leader that stands still cannot say how long.
        else if (this.#isTaking && !this.#isDeposing) this.#assembly!.opening();
        return undefined;
      case 'join':
        if (message.leader === this.#assembly!.member) leading?.welcome(message);
        return undefined;
      case 'stepDown':
        if (message.leader === this.#assembly!.member && message.version > TABS_VERSION)
          void this.#stepDown();
        return undefined;
      case 'inbox':
        return leading?.lookIntoInbox?.();
    }
  }

  /** False: the lock was taken from us while we waited for the handle. */
  async #take(lock: HeldLock, timeoutMs: number): Promise<boolean> {
    const { host, name, request, service, open, onSeat, onEvent } = this.#context;
    const { signal } = this.#stay!;
    let store;
    this.#isTaking = true;
    try {
      store = await openAsLeader(host, name, lock, timeoutMs, open, signal);
      if (!store) return false;
      const settling = this.relay?.settle?.();
      if (settling !== undefined) await settling;
    } finally {
      this.#isTaking = false;
    }
    if (signal.aborted) {
      store.abandon();
      lock.release();
      throw signal.reason;
    }
    const { relay } = this;
    this.#lock = lock;
    this.store = store;
    this.relay = undefined;
    const leading = service.lead({ host, name }, store, request, onEvent);
    this.leading = leading;
    void lock.lost.then(() => this.#deposed(lock));
    onSeat();
    // What it held is asked of the store, before anything that comes later.
    relay?.stop(new Moved());
    this.#sayLeading(store);
    leading.lookIntoInbox?.();
    return true;
  }

  #sayLeading(store: S): void {
    this.#assembly!.lead(this.#context.service.statusOf(store).generation);
  }

  /** Follows, and waits until there is a leader to follow, or it is this engine. */
  async #arrive(timeoutMs: number): Promise<void> {
    const { host, name } = this.#context;
    let cancel = (): void => undefined;
    const late = (): void => {
      const { relay } = this;
      const leftMs = timeoutMs - (host.clock.nowMs() - (relay?.link.heardMs ?? 0));
      // Who opens the store says so: that may take its time.
      if (leftMs > 0) cancel = host.timers.after(leftMs, late);
      else this.#arrived?.(unresponsive(name, timeoutMs, 'not-written'));
    };
    try {
      await new Promise<void>((resolve, reject) => {
        this.#arrived = (error) => (error === undefined ? resolve() : reject(error));
        this.#follow();
        cancel = host.timers.after(timeoutMs, late);
      });
    } finally {
      cancel();
      this.#arrived = undefined;
    }
  }

  #follow(): void {
    const { host, name, request, given, service, onStatus, onSeat } = this.#context;
    const context: RelayContext = {
      host,
      name,
      request,
      given,
      onStatus,
      assembly: this.#assembly!,
      onLinked: () => this.#arrived?.(),
      onRefused: (error) => void this.#out(error),
      onQuiet: () => void this.#nudge(),
      onSilent: () => void this.#depose(),
    };
    this.relay = service.follow(context, request);
    onSeat();
    void this.#waitInLine();
  }

  async #waitInLine(): Promise<void> {
    const { host, name } = this.#context;
    this.#queue = new AbortController();
    const { signal } = this.#queue;
    let lock: HeldLock | undefined;
    try {
      lock = await host.locks.acquire(lockName(name), { signal });
    } catch (error) {
      // Left, or led by another way than the line.
      if (!signal.aborted) await this.#out(error);
      return;
    }
    if (signal.aborted) lock!.release();
    else await this.#succeed(lock!);
  }

  /** The lock has come to us. The old owner's handle may outlive it for a while. */
  async #succeed(lock: HeldLock): Promise<void> {
    try {
      if (await this.#take(lock, Infinity)) this.#arrived?.();
      else void this.#waitInLine();
    } catch (error) {
      if (!(error instanceof Moved)) await this.#out(error);
    }
  }

  /** Cannot lead, and may not follow. */
  async #out(error: unknown): Promise<void> {
    const arrived = this.#arrived;
    if (arrived !== undefined) return arrived(error);
    await this.leave(error);
    this.#context.onOut(error);
  }

  /** Should the leader be in a page that is frozen, the browser ends that, and the lock passes on. */
  async #nudge(): Promise<void> {
    const { host, name } = this.#context;
    const guard = await host.locks.acquire(stealLockName(name), { ifAvailable: true });
    if (guard === undefined) return;
    try {
      if (this.relay !== undefined) await host.nudge?.(folderOf(name), JOURNAL_FILE);
    } finally {
      guard.release();
    }
  }

  /** The leader was silent for long: one of the followers takes the lock, and waits for the handle. */
  async #depose(): Promise<void> {
    const { host, name } = this.#context;
    const { relay } = this;
    if (this.#isDeposing || relay === undefined) return;
    this.#isDeposing = true;
    try {
      const guard = await host.locks.acquire(stealLockName(name), { ifAvailable: true });
      if (guard === undefined) return;
      try {
        // Who has the lock already, from the line, waits for the handle: it would take it from itself.
        if (this.relay !== relay || this.#isTaking) return;
        this.#queue?.abort(new Moved());
        const lock = await host.locks.acquire(lockName(name), { steal: true });
        await this.#succeed(lock!);
      } finally {
        guard.release();
      }
    } finally {
      this.#isDeposing = false;
    }
  }

  /** The lock went to somebody else: whatever we would still write could harm the new owner. */
  #deposed(lock: HeldLock): void {
    if (this.#lock !== lock) return;
    this.#lock = undefined;
    // It is abandoned before anything else happens.
    void this.#endLeading(async (store) => {
      store.abandon();
    });
    this.#follow();
  }

  /** A newer build asks for the store, which it cannot have by following us. */
  async #stepDown(): Promise<void> {
    const lock = this.#lock;
    if (lock === undefined) return;
    this.#lock = undefined;
    const ended = this.#endLeading((store) => store.close());
    // What is asked from now on waits for the next leader.
    this.#follow();
    try {
      await ended;
      await this.#context.host.closed?.();
    } catch {
      // As a crash would leave it: the next leader recovers.
    }
    lock.release();
  }

  /** The store is nobody's seat any more; `giveBack` is called at once. */
  async #endLeading(giveBack: (store: S) => Promise<void>): Promise<void> {
    const { store, leading } = this;
    this.store = undefined;
    this.leading = undefined;
    leading?.part();
    try {
      if (store !== undefined) await giveBack(store);
    } finally {
      leading?.end?.();
    }
  }
}

/**
 * One client: its two ports, its store, its readers and streams; or the way to another tab's engine,
 * where the store is.
 *
 * Always true:
 * - every request that arrived is answered, or the connection has ended
 * - what was asked of a store that went to another tab meanwhile is asked there, in the same order
 * - a malformed message harms nobody else; several in a row end this connection alone
 * - when it ends, whatever was held for the client (history, units, lock, handle) is given back
 */
import type { StorePort } from '@varve/journal';
import {
  CLONED_BYTES_MAX,
  STRIKES_MAX,
  VarveError,
  asVarveError,
  checkAgrees,
  completeRequest,
  readAppendEntry,
  toWire,
  validateControlRequest,
  validateToEngine,
  withOutcome,
} from '@varve/protocol';
import type {
  AppendedMessage,
  AppendMessage,
  ControlRequest,
  FailedMessage,
  OpenRequest,
  Port,
  ReadMessage,
  RingMessage,
  StorageFacts,
  StoreStatus,
  ToClient,
  UnitMessage,
} from '@varve/protocol';
import { ENDED_STREAM } from './appends.ts';
import { askWhoever } from './asking.ts';
import { CallLine } from './call-line.ts';
import { type Ticket, isLeadersStream, stampOf, ticketOf } from './client-identity.ts';
import { exposeControl } from './control-root.ts';
import type { ControlHandlers } from './control-root.ts';
import { Desk } from './desk.ts';
import type { LogRelay } from './log-relay.ts';
import { LogService } from './log-service.ts';
import { Moved, streamLost } from './relay.ts';
import { RingService } from './ring-service.ts';
import type { EngineServices } from './services.ts';
import { Session } from './session.ts';
import { StatusPusher } from './status-pusher.ts';
import { storeAdministration } from './administration.ts';

/** Takes what an append is answered with; `buffer` is what it came in, for who gives it back. */
type Answer = (answer: AppendedMessage | FailedMessage, buffer?: ArrayBuffer) => void;

export class Connection {
  readonly #data: Port;
  readonly #control: Port;
  readonly #service: LogService;
  readonly #session: Session<StorePort, LogRelay, OpenRequest>;
  readonly #pusher: StatusPusher;
  readonly #desk: Desk;
  readonly #line = new CallLine();
  readonly #services: EngineServices;
  #ring: RingService | undefined;
  #strikes = 0;
  #ended = false;

  constructor(services: EngineServices, data: Port, control: Port) {
    this.#data = data;
    this.#control = control;
    this.#desk = new Desk(services);
    this.#service = new LogService(services);
    this.#session = new Session(services, this.#service, {
      event: (event) => this.#pusher.event(event),
      status: (message) => this.#pusher.pass(message),
    });
    this.#services = services;
    this.#pusher = new StatusPusher(
      services.timers,
      () => this.#session.status,
      () => this.#isCheckpointDue(),
      (message) => this.#post(message),
    );
    data.addEventListener('message', (event) => {
      this.#ring?.take();
      this.#receive(event.data);
    });
    // A port that closes is a client that went away, where the platform tells.
    data.addEventListener('close', () => void this.end());
    exposeControl(
      control,
      validateControlRequest,
      this.#handlers(services),
      (wrong) => this.#strike(wrong),
      () => (this.#strikes = 0),
      () => void this.end(),
    );
    data.start?.();
  }

  /** Gives everything back. Idempotent. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#desk.dispose();
    this.#ring?.end();
    this.#pusher.stop();
    await this.#session.close();
    this.#data.close();
    this.#control.close();
  }

  #receive(data: unknown, answer: Answer = this.#answerByMessage): void {
    if (this.#ended) return;
    const validated = validateToEngine(data);
    if ('wrong' in validated) {
      const error = this.#strike(validated.wrong);
      const { id } = (data ?? {}) as { readonly id?: unknown };
      if (typeof id === 'number') answer({ kind: 'failed', id, error: toWire(error) });
      else this.#post({ kind: 'refused', error: toWire(error), dropped: false });
      return;
    }
    this.#strikes = 0;
    const message = validated.value;
    switch (message.kind) {
      case 'append':
        return this.#append(message, answer);
      case 'ring':
        return this.#serveRing(message);
      case 'introducer':
        return this.#services.introduce?.(message.port);
      case 'read':
        return void this.#read(message);
      case 'unit':
        return void this.#readUnit(message);
      case 'release':
        this.#session.relay?.release(message.reader);
        return this.#desk.release(message.reader);
    }
  }

  readonly #answerByMessage: Answer = (answer, buffer) => {
    if (answer.kind === 'failed' || buffer === undefined || buffer.byteLength <= CLONED_BYTES_MAX) {
      this.#post(answer);
    } else {
      this.#post({ ...answer, buffer }, [buffer]);
    }
  };

  #append(message: AppendMessage, answer: Answer): void {
    const { id, buffer } = message;
    this.#appended(message).then(
      (appended) => {
        answer(appended, buffer);
        this.#pusher.touch();
      },
      (cause: unknown) => {
        const error = asVarveError(cause);
        const wire = toWire(withOutcome(error, error.outcome ?? 'unknown'));
        answer({ kind: 'failed', id, error: wire });
      },
    );
  }

  /** Once: whoever offers a second pair is told that it is none. */
  #serveRing({ appends, answers }: RingMessage): void {
    const broken = (cause: unknown): void =>
      this.#drop(new VarveError('BAD_MESSAGE', 'the ring is broken', { cause }));
    if (this.#ring) return broken(new Error('there is one already'));
    try {
      const ring = new RingService(appends, answers, {
        onEntry: (entry) => {
          const message = readAppendEntry(entry);
          if (message === undefined) return broken(new Error('an entry is none'));
          this.#receive(message, (answer) => {
            const isPlain = answer.kind === 'appended' && !answer.refusal && !answer.groupLsns;
            if (!ring.answered(isPlain ? answer : undefined)) this.#post(answer);
          });
        },
        onBroken: broken,
        mayStandStill: () => this.#services.mayStandStill === true && Desk.open === 1,
      });
      this.#ring = ring;
      this.#post({ kind: 'ring' });
    } catch (error) {
      broken(error);
    }
  }

  /** Whoever has the store takes what comes in the order in which it came. */
  async #appended(message: AppendMessage): Promise<AppendedMessage> {
    const ticket = ticketOf(message);
    const place = this.#line.enter();
    try {
      // No `await` before a store is called: a message takes its place in the log as it comes.
      const answer = await askWhoever(
        this.#session,
        (store, relay) =>
          store === undefined
            ? relay!.append(message, ticket)
            : this.#appendHere(store, message, ticket),
        { place, wasSent: () => ticket.sequence > 0 },
      );
      return { ...answer, id: message.id };
    } finally {
      place.leave();
      this.#service.identity?.done(ticket);
    }
  }

  async #appendHere(
    store: StorePort,
    message: AppendMessage,
    ticket: Ticket,
  ): Promise<AppendedMessage> {
    // Only what may have been sent to another leader, or bears a key, needs to be recognised.
    const wasSent = ticket.sequence > 0;
    const isEnded = message.stream !== undefined && isLeadersStream(message.stream);
    if (isEnded && !wasSent) throw streamLost('not-written');
    const asked = isEnded ? { ...message, stream: ENDED_STREAM } : message;
    const stamp =
      wasSent || ticket.key ? stampOf(ticket, this.#service.identity, store.status()) : undefined;
    const { firstLsn, groups, groupLsns, refusal } = await this.#desk.append(store, asked, stamp);
    const refused = refusal && { refusal: toWire(refusal) };
    return { kind: 'appended', id: message.id, firstLsn, groups, groupLsns, ...refused };
  }

  async #read(message: ReadMessage): Promise<void> {
    const session = this.#session;
    const { id } = message;
    try {
      // A reader that only waits must not wake a parked store.
      const isPatient = message.wait === true;
      if (isPatient && session.isParked) await session.returned(isPatient);
      const chunk = await askWhoever(
        session,
        (store, relay) => {
          if (store === undefined) return relay!.read(message);
          const byDefault = session.request?.durability === 'relaxed' ? 'written' : 'durable';
          return this.#desk.read(store, message, byDefault);
        },
        { isPatient },
      );
      const { bytes, heads } = chunk;
      this.#post({ ...chunk, id }, [bytes.buffer as ArrayBuffer, heads.buffer as ArrayBuffer]);
    } catch (error) {
      this.#fail(id, error);
    }
  }

  async #readUnit(message: UnitMessage): Promise<void> {
    const { id } = message;
    try {
      const piece = await askWhoever(this.#session, (store, relay) =>
        store === undefined ? relay!.unit(message) : this.#desk.unit(store, message),
      );
      this.#post({ ...piece, id }, [piece.bytes.buffer as ArrayBuffer]);
    } catch (error) {
      this.#fail(id, error);
    }
  }

  #handlers(services: EngineServices): ControlHandlers {
    const session = this.#session;
    const desk = this.#desk;
    const { streams } = desk;
    const call = <M extends ControlRequest['method']>(method: M) =>
      (async (...args: readonly unknown[]) => {
        const request = { method, args } as object as ControlRequest;
        return askWhoever(session, (store, relay) =>
          store === undefined ? relay!.call(request) : desk.call(store, request),
        );
      }) as ControlHandlers[M];
    /** A stream of our own, or one that is open at the leader. */
    const ofStream = <M extends 'pull' | 'write' | 'dropStream'>(method: M) =>
      (async (...args: readonly unknown[]) => {
        const request = { method, args } as object as ControlRequest;
        if (!isLeadersStream(args[0] as number)) return desk.stream(request);
        const { relay } = session;
        if (relay === undefined) throw streamLost('not-written');
        return relay.call(request).catch((error: unknown) => {
          // The leader it was open at is ours no more.
          throw error instanceof Moved ? streamLost('not-written') : error;
        });
      }) as ControlHandlers[M];
    const status = call('status') as () => Promise<StoreStatus & StorageFacts>;
    return {
      ...storeAdministration(services, streams),
      open: async (name, given) => {
        if (session.request !== undefined) {
          checkAgrees(session.request, given);
          return { request: session.request, status: await status() };
        }
        const request = completeRequest(given);
        await session.open(name, request, given);
        return { request, status: await status() };
      },
      status,
      flush: call('flush'),
      checkpoint: call('checkpoint'),
      readState: call('readState'),
      trim: call('trim'),
      layout: call('layout'),
      batches: call('batches'),
      park: () => session.park(),
      close: () => session.close(),
      openSource: call('openSource'),
      openUnit: call('openUnit'),
      pull: ofStream('pull'),
      write: ofStream('write'),
      endImport: (id) => streams.finish(id),
      dropStream: ofStream('dropStream'),
    };
  }

  #isCheckpointDue(): boolean {
    const { store, request } = this.#session;
    return this.#desk.isCheckpointDue(store, request?.checkpointEveryBytes ?? 0);
  }

  #strike(wrong: string): VarveError {
    this.#strikes++;
    const error = new VarveError('BAD_MESSAGE', wrong, {
      facts: { wrong, strikes: this.#strikes },
      outcome: 'not-written',
    });
    // After the answer to this message: the refusal that ends the connection is its last word.
    if (this.#strikes >= STRIKES_MAX) queueMicrotask(() => this.#drop(error));
    return error;
  }

  #drop(error: VarveError): void {
    if (this.#ended) return;
    this.#post({ kind: 'refused', error: toWire(error), dropped: true });
    void this.end();
  }

  #fail(id: number, error: unknown): void {
    this.#post({ kind: 'failed', id, error: toWire(error) });
  }

  #post(message: ToClient, transfer: ArrayBuffer[] = []): void {
    this.#data.postMessage(message, transfer);
  }
}

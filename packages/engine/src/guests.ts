/**
 * The leader's end of all links: the followers in other tabs, each served like a client of our own.
 *
 * Always true:
 * - a guest never holds up another: what it may have under way at once is limited, and a limit broken,
 *   or messages that are none, end its link alone
 * - who is not heard for long has gone: what was held for it is given back
 */
import type { Host } from '@varve/files';
import type { ClientStamp, StorePort } from '@varve/journal';
import {
  STRIKES_MAX,
  VarveError,
  asVarveError,
  checkFits,
  completeRequest,
  toWire,
  validateToLeader,
  withOutcome,
} from '@varve/protocol';
import type {
  CallMessage,
  GivenRequest,
  JoinMessage,
  OpenRequest,
  ReadMessage,
  StampedAppend,
  StoreEvent,
  ToFollower,
  UnitMessage,
} from '@varve/protocol';
import { linkChannel } from './assembly.ts';
import { Desk } from './desk.ts';
import { Link } from './link.ts';
import type { EngineServices } from './services.ts';
import { StatusPusher } from './status-pusher.ts';

/** A page has two append messages under way; twice as many for what is sent again. */
const APPENDS_MAX = 4;
/** Reads and calls. */
const ASKED_MAX = 256;
const GUESTS_MAX = 64;
/** Of half a second. A tab that was frozen for longer links anew. */
const SILENT_BEATS_MAX = 40;
const LOOK_MS = 2_000;

export interface Hosting {
  readonly host: Host & { readonly channels: NonNullable<Host['channels']> };
  readonly name: string;
  readonly request: OpenRequest;
  readonly store: StorePort;
}

export class Guests {
  readonly #services: EngineServices;
  readonly #hosting: Hosting;
  readonly #guests = new Set<Guest>();
  #cancelLook: () => void;

  constructor(services: EngineServices, hosting: Hosting) {
    this.#services = services;
    this.#hosting = hosting;
    this.#cancelLook = hosting.host.timers.after(LOOK_MS, () => this.#look());
  }

  welcome({ link, given }: JoinMessage): void {
    // Too many: it tries again, and somebody may have left by then.
    if (this.#guests.size >= GUESTS_MAX) return;
    const guest: Guest = new Guest(this.#services, this.#hosting, link, given, () =>
      this.#guests.delete(guest),
    );
    this.#guests.add(guest);
    guest.start();
  }

  event(event: StoreEvent): void {
    for (const guest of this.#guests) guest.event(event);
  }

  /** We lead no more. */
  end(): void {
    this.#cancelLook();
    for (const guest of [...this.#guests]) guest.end(true);
  }

  #look(): void {
    this.#cancelLook = this.#hosting.host.timers.after(LOOK_MS, () => this.#look());
    for (const guest of [...this.#guests]) if (guest.isSilent) guest.end();
  }
}

class Guest {
  readonly #hosting: Hosting;
  readonly #link: Link<ToFollower>;
  readonly #desk: Desk;
  readonly #pusher: StatusPusher;
  readonly #given: GivenRequest;
  readonly #gone: () => void;
  #request: OpenRequest;
  #appends = 0;
  #asked = 0;
  #strikes = 0;
  #isOver = false;

  constructor(
    services: EngineServices,
    hosting: Hosting,
    link: string,
    given: GivenRequest,
    gone: () => void,
  ) {
    const { host, name, store } = hosting;
    this.#hosting = hosting;
    this.#given = given;
    this.#request = hosting.request;
    this.#gone = gone;
    this.#desk = new Desk(services);
    this.#pusher = new StatusPusher(
      services.timers,
      () => store.status(),
      () => this.#desk.isCheckpointDue(store, this.#request.checkpointEveryBytes),
      (message) => this.#send(message),
    );
    this.#link = new Link<ToFollower>(
      host,
      linkChannel(name, link),
      (body) => this.#hear(body),
      () => this.end(),
    );
  }

  get isSilent(): boolean {
    return this.#link.silentBeats > SILENT_BEATS_MAX;
  }

  start(): void {
    const { request, store } = this.#hosting;
    try {
      this.#request = completeRequest(this.#given);
      checkFits(request, this.#given);
      this.#send({ kind: 'welcome', epoch: store.status().generation });
      this.#pusher.touch();
    } catch (error) {
      this.#send({ kind: 'unwelcome', error: toWire(error) });
      this.end();
    }
  }

  event(event: StoreEvent): void {
    if (!this.#isOver) this.#pusher.event(event);
  }

  end(leadsNoMore = false): void {
    if (this.#isOver) return;
    this.#send({ kind: 'bye', leadsNoMore });
    this.#isOver = true;
    this.#link.close();
    this.#desk.dispose();
    this.#pusher.stop();
    this.#gone();
  }

  #hear(body: unknown): void {
    const validated = validateToLeader(body);
    if ('wrong' in validated) return this.#strike(validated.wrong, body);
    this.#strikes = 0;
    const message = validated.value;
    switch (message.kind) {
      case 'beat':
        return;
      case 'bye':
        return this.end();
      case 'append':
        return void this.#append(message);
      case 'read':
        return void this.#ask(message, async (store) => {
          const { durability } = this.#request;
          return this.#desk.read(store, message, durability === 'relaxed' ? 'written' : 'durable');
        });
      case 'unit':
        return void this.#ask(message, async (store) => this.#desk.unit(store, message));
      case 'call':
        return void this.#call(message);
      case 'release':
        return this.#desk.release(message.reader);
    }
  }

  async #append(message: StampedAppend): Promise<void> {
    const { id } = message;
    if (this.#appends >= APPENDS_MAX) return this.#overloaded(id);
    this.#appends++;
    try {
      const { stamp } = message;
      const appended = await this.#desk.append(this.#hosting.store, message, stamp as ClientStamp);
      const { firstLsn, groups, groupLsns, refusal } = appended;
      const refused = refusal && { refusal: toWire(refusal) };
      this.#send({ kind: 'appended', id, firstLsn, groups, groupLsns, ...refused });
      this.#pusher.touch();
    } catch (cause) {
      const error = asVarveError(cause);
      // What ended with our leadership is asked of the next leader: it has no answer from us.
      if (this.#isOver) return;
      this.#fail(id, withOutcome(error, error.outcome ?? 'unknown'));
    } finally {
      this.#appends--;
    }
  }

  async #ask(
    { id }: ReadMessage | UnitMessage,
    work: (store: StorePort) => Promise<ToFollower>,
  ): Promise<void> {
    if (this.#asked >= ASKED_MAX) return this.#overloaded(id);
    this.#asked++;
    try {
      this.#send(await work(this.#hosting.store));
    } catch (error) {
      this.#fail(id, error);
    } finally {
      this.#asked--;
    }
  }

  async #call({ id, request }: CallMessage): Promise<void> {
    if (this.#asked >= ASKED_MAX) return this.#overloaded(id);
    this.#asked++;
    try {
      const value = await this.#desk.call(this.#hosting.store, request);
      this.#send({ kind: 'answered', id, answer: { ok: true, value } });
    } catch (error) {
      this.#send({ kind: 'answered', id, answer: { ok: false, error: toWire(error) } });
    } finally {
      this.#asked--;
    }
  }

  #overloaded(id: number): void {
    const error = new VarveError('OVERLOADED', 'too much is under way from this tab', {
      outcome: 'not-written',
    });
    this.#fail(id, error);
  }

  #strike(wrong: string, body: unknown): void {
    this.#strikes++;
    const error = toWire(
      new VarveError('BAD_MESSAGE', wrong, {
        facts: { wrong, strikes: this.#strikes },
        outcome: 'not-written',
      }),
    );
    const { id } = body as { readonly id?: unknown };
    const dropped = this.#strikes >= STRIKES_MAX;
    if (typeof id === 'number') this.#send({ kind: 'failed', id, error });
    else this.#send({ kind: 'refused', error, dropped });
    if (dropped) this.end();
  }

  #fail(id: number, error: unknown): void {
    this.#send({ kind: 'failed', id, error: toWire(error) });
  }

  #send(body: ToFollower): void {
    if (!this.#isOver) this.#link.send(body);
  }
}

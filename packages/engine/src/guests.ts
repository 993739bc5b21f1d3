/**
 * The leader's end of all links: the followers in other tabs, each served like a client of our own.
 *
 * Always true:
 * - a guest never holds up another: what it may have under way at once is limited, and a limit broken,
 *   or messages that are none, end its link alone
 * - a tab has one link at most: of an older one nothing is heard once a newer one stands
 * - who is not heard for long has gone: what was held for it is given back
 */
import type { Host } from '@varve/files';
import { STRIKES_MAX, VarveError, badArgument, toWire } from '@varve/protocol';
import type { JoinMessage, ServedKind, ToFollower } from '@varve/protocol';
import { linkChannel } from './assembly.ts';
import { buffersIn } from './buffers-in.ts';
import { Link } from './link.ts';

const GUESTS_MAX = 64;
/** Of half a second. A tab that was frozen for longer links anew. */
const SILENT_BEATS_MAX = 40;
const LOOK_MS = 2_000;

/** Where links are held. */
export interface GuestPlace {
  readonly host: Host & { readonly channels: NonNullable<Host['channels']> };
  readonly name: string;
}

/** What there is for one guest; its calls are answered through the link. */
export interface GuestService {
  /** @throws why this guest cannot have what it asked for */
  welcome(given: object): { readonly epoch: number };
  /** What is wrong with a message; undefined: it was understood. */
  hear(body: unknown): string | undefined;
  /** What was held for it is given back. */
  end(): void;
}

export type Answerer = (body: ToFollower) => void;

export class Guests<S extends GuestService> {
  readonly #place: GuestPlace;
  readonly #serves: ServedKind;
  readonly #serve: (answer: Answerer) => S;
  readonly #guests = new Set<Guest<S>>();
  #cancelLook: () => void;
  #isParting = false;

  constructor(place: GuestPlace, serves: ServedKind, serve: (answer: Answerer) => S) {
    this.#place = place;
    this.#serves = serves;
    this.#serve = serve;
    this.#cancelLook = place.host.timers.after(LOOK_MS, () => this.#look());
  }

  welcome(join: JoinMessage): void {
    for (const guest of this.#guests) if (guest.member === join.member) guest.end();
    // Too many: it tries again, and somebody may have left by then.
    if (this.#isParting || this.#guests.size >= GUESTS_MAX) return;
    const guest: Guest<S> = new Guest(this.#place, join, this.#serve, () =>
      this.#guests.delete(guest),
    );
    this.#guests.add(guest);
    const { serves = 'log' } = join;
    const isOther = serves !== this.#serves;
    guest.start(isOther ? badArgument('name', `of a ${serves}`) : undefined);
  }

  /** Whatever is to be told to all. */
  each(tell: (service: S) => void): void {
    for (const { service } of this.#guests) tell(service);
  }

  /** What they have asked is answered; nothing more is to be asked. */
  part(): void {
    this.#isParting = true;
    for (const guest of this.#guests) guest.send({ kind: 'parting' });
  }

  /** We lead no more. */
  end(): void {
    this.#cancelLook();
    for (const guest of this.#guests) guest.end(true);
  }

  #look(): void {
    this.#cancelLook = this.#place.host.timers.after(LOOK_MS, () => this.#look());
    for (const guest of this.#guests) if (guest.isSilent) guest.end();
  }
}

class Guest<S extends GuestService> {
  readonly member: string;
  readonly service: S;
  readonly #link: Link<ToFollower>;
  readonly #given: object;
  readonly #gone: () => void;
  #strikes = 0;
  #isOver = false;

  constructor(
    { host, name }: GuestPlace,
    { member, link, given }: JoinMessage,
    serve: (answer: Answerer) => S,
    gone: () => void,
  ) {
    this.member = member;
    this.#given = given;
    this.#gone = gone;
    this.service = serve((body) => this.send(body));
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

  /** @param refusal why there will be no link, if that is known */
  start(refusal: VarveError | undefined): void {
    try {
      if (refusal !== undefined) throw refusal;
      const { epoch } = this.service.welcome(this.#given);
      this.send({ kind: 'welcome', epoch });
    } catch (error) {
      this.send({ kind: 'unwelcome', error: toWire(error) });
      this.end();
    }
  }

  send(body: ToFollower): void {
    if (this.#isOver) return;
    const { answer } = body as { readonly answer?: { readonly value?: unknown } };
    this.#link.send(body, buffersIn(answer === undefined ? body : answer.value));
  }

  end(leadsNoMore = false): void {
    if (this.#isOver) return;
    this.send({ kind: 'bye', leadsNoMore, heard: this.#link.heard });
    this.#isOver = true;
    this.#link.close();
    this.service.end();
    this.#gone();
  }

  #hear(body: unknown): void {
    const { kind } = body as { readonly kind?: unknown };
    if (kind === 'bye') return this.end();
    const wrong = kind === 'beat' ? undefined : this.service.hear(body);
    if (wrong === undefined) this.#strikes = 0;
    else this.#strike(wrong, body);
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
    if (typeof id === 'number') this.send({ kind: 'failed', id, error });
    else this.send({ kind: 'refused', error, dropped });
    if (dropped) this.end();
  }
}

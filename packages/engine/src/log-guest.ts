/**
 * What a follower asks of the log that this engine leads.
 *
 * Always true: what ended with our leadership is not answered by us; the next leader is asked.
 */
import type { ClientStamp, StorePort } from '@varve/journal';
import {
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
  OpenRequest,
  ReadMessage,
  StampedAppend,
  StoreEvent,
  ToFollower,
  UnitMessage,
} from '@varve/protocol';
import { Desk } from './desk.ts';
import type { Answerer, GuestService } from './guests.ts';
import type { EngineServices } from './services.ts';
import { StatusPusher } from './status-pusher.ts';

/** A page has two append messages under way; twice as many for what is sent again. */
const APPENDS_MAX = 4;
/** Reads and calls. */
const ASKED_MAX = 256;

export class LogGuest implements GuestService {
  readonly #store: StorePort;
  readonly #desk: Desk;
  readonly #pusher: StatusPusher;
  readonly #answer: Answerer;
  /** The leader's own, until it is known what this guest wants. */
  #request: OpenRequest;
  #appends = 0;
  #asked = 0;

  constructor(services: EngineServices, store: StorePort, request: OpenRequest, answer: Answerer) {
    this.#store = store;
    this.#request = request;
    this.#answer = answer;
    this.#desk = new Desk(services);
    this.#pusher = new StatusPusher(
      services.timers,
      () => store.status(),
      () => this.#desk.isCheckpointDue(store, this.#request.checkpointEveryBytes),
      answer,
    );
  }

  welcome(given: object): { readonly epoch: number } {
    const ours = this.#request;
    this.#request = completeRequest(given);
    checkFits(ours, given);
    this.#pusher.touch();
    return { epoch: this.#store.status().generation };
  }

  event(event: StoreEvent): void {
    this.#pusher.event(event);
  }

  end(): void {
    this.#desk.dispose();
    this.#pusher.stop();
  }

  hear(body: unknown): string | undefined {
    const validated = validateToLeader(body);
    if ('wrong' in validated) return validated.wrong;
    const message = validated.value;
    switch (message.kind) {
      case 'append':
        void this.#append(message);
        break;
      case 'read':
        void this.#ask(message, async (store) => {
          const { durability } = this.#request;
          return this.#desk.read(store, message, durability === 'relaxed' ? 'written' : 'durable');
        });
        break;
      case 'unit':
        void this.#ask(message, async (store) => this.#desk.unit(store, message));
        break;
      case 'call':
        void this.#ask(message, async (store) => {
          const value = await this.#desk.call(store, message.request);
          return { kind: 'answered', id: message.id, answer: { ok: true, value } };
        });
        break;
      case 'release':
        this.#desk.release(message.reader);
    }
    return undefined;
  }

  async #append(message: StampedAppend): Promise<void> {
    const { id } = message;
    if (this.#appends >= APPENDS_MAX) return this.#fail(id, overloaded());
    this.#appends++;
    try {
      const { stamp } = message;
      const appended = await this.#desk.append(this.#store, message, stamp as ClientStamp);
      const { firstLsn, groups, groupLsns, refusal } = appended;
      const refused = refusal && { refusal: toWire(refusal) };
      this.#answer({ kind: 'appended', id, firstLsn, groups, groupLsns, ...refused });
      this.#pusher.touch();
    } catch (cause) {
      const error = asVarveError(cause);
      // What ended with our leadership is asked of the next leader: the link that this goes to is over.
      this.#fail(id, withOutcome(error, error.outcome ?? 'unknown'));
    } finally {
      this.#appends--;
    }
  }

  async #ask(
    { id }: ReadMessage | UnitMessage | CallMessage,
    work: (store: StorePort) => Promise<ToFollower>,
  ): Promise<void> {
    if (this.#asked >= ASKED_MAX) return this.#fail(id, overloaded());
    this.#asked++;
    try {
      this.#answer(await work(this.#store));
    } catch (error) {
      this.#fail(id, error);
    } finally {
      this.#asked--;
    }
  }

  #fail(id: number, error: unknown): void {
    this.#answer({ kind: 'failed', id, error: toWire(error) });
  }
}

export function overloaded(): VarveError {
  return new VarveError('OVERLOADED', 'this tab asks too much', {
    outcome: 'not-written',
  });
}

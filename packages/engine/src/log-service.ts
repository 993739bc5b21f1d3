/** Logs: how one is opened, led and followed. */
import type { Host } from '@varve/files';
import type { StoreOptions, StorePort } from '@varve/journal';
import type { JoinMessage, OpenRequest, StoreEvent, StoreStatus } from '@varve/protocol';
import { ClientIdentity } from './client-identity.ts';
import { type GuestPlace, Guests } from './guests.ts';
import { InboxDrain } from './inbox-drain.ts';
import { LogGuest } from './log-guest.ts';
import { LogRelay } from './log-relay.ts';
import type { RelayContext } from './relay.ts';
import type { Leading, Service } from './service.ts';
import type { EngineServices } from './services.ts';

/** Readers hold back at most this much history from retirement. */
const READER_HOLD_BYTES = 64 * 1024 * 1024;
const OPEN_UNITS_MAX = 16;

export class LogService implements Service<StorePort, LogRelay, OpenRequest> {
  /** Once appends may travel to a leader. */
  identity: ClientIdentity | undefined;
  readonly tellsOfLoss = true;
  readonly #services: EngineServices;

  constructor(services: EngineServices) {
    this.#services = services;
  }

  open(
    host: Host,
    name: string,
    request: OpenRequest,
    tell: (event: StoreEvent) => void,
    create = request.create,
  ): Promise<StorePort> {
    return this.#services.openStore(host, name, storeOptions({ ...request, create }), tell);
  }

  statusOf(store: StorePort): StoreStatus {
    return store.status();
  }

  lead(
    place: GuestPlace,
    store: StorePort,
    request: OpenRequest,
    tell: (event: StoreEvent) => void,
  ): Leading {
    return new LogLeading(this.#services, place, store, request, tell);
  }

  follow(context: RelayContext, request: OpenRequest): LogRelay {
    this.identity ??= new ClientIdentity(context.host);
    return new LogRelay({ ...context, request, identity: this.identity });
  }
}

class LogLeading implements Leading {
  readonly #guests: Guests<LogGuest>;
  readonly #inbox: InboxDrain | undefined;

  constructor(
    services: EngineServices,
    place: GuestPlace,
    store: StorePort,
    request: OpenRequest,
    tell: (event: StoreEvent) => void,
  ) {
    this.#guests = new Guests(
      place,
      'log',
      (answer) => new LogGuest(services, store, request, answer),
    );
    const { host, name } = place;
    const { inbox } = host;
    if (inbox === undefined || request.readOnly) return;
    this.#inbox = new InboxDrain({ host: { ...host, inbox }, name, store, tell });
  }

  welcome(join: JoinMessage): void {
    this.#guests.welcome(join);
  }

  event(event: StoreEvent): void {
    this.#guests.each((guest) => guest.event(event));
  }

  lookIntoInbox(): void {
    this.#inbox?.look();
  }

  part(): void {
    this.#guests.end();
    this.#inbox?.end();
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

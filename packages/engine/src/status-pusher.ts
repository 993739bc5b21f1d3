/**
 * Tells the client what happened and how the store stands, without flooding it.
 *
 * Always true:
 * - events keep their order; a `durable` event replaces an earlier one that was not sent yet
 * - a quiet store sends nothing; a busy one at most one message per `PUSH_EVERY_MS`, unless something
 *   rare happened, which goes at once
 */
import type { Timers } from '@varve/files';
import type { StorePort } from '@varve/journal';
import type { StatusMessage, StoreEvent, ToldEvent } from '@varve/protocol';

const PUSH_EVERY_MS = 50;

export class StatusPusher {
  readonly #timers: Timers;
  readonly #store: () => StorePort | undefined;
  readonly #send: (message: StatusMessage) => void;
  readonly #isCheckpointDue: (store: StorePort) => boolean;
  #events: StoreEvent[] = [];
  #cancel: (() => void) | undefined;

  constructor(
    timers: Timers,
    store: () => StorePort | undefined,
    isCheckpointDue: (store: StorePort) => boolean,
    send: (message: StatusMessage) => void,
  ) {
    this.#timers = timers;
    this.#store = store;
    this.#isCheckpointDue = isCheckpointDue;
    this.#send = send;
  }

  event(event: StoreEvent): void {
    const last = this.#events.at(-1);
    if (event.type === 'durable' && last?.type === 'durable') this.#events.pop();
    this.#events.push(event);
    if (event.type === 'durable') this.touch();
    else queueMicrotask(() => this.#push());
  }

  /** The status may have changed. */
  touch(): void {
    this.#cancel ??= this.#timers.after(PUSH_EVERY_MS, () => this.#push());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#events = [];
  }

  #push(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const store = this.#store();
    if (store === undefined) return;
    const events = this.#events;
    this.#events = [];
    this.#send({
      kind: 'status',
      status: store.status(),
      events: events.flatMap(told),
      checkpointDue: this.#isCheckpointDue(store),
    });
  }
}

/** Without its own name; a client knows by itself when it closed. */
function told(event: StoreEvent): ToldEvent[] {
  if (event.type === 'closed') return [];
  const { type, ...facts } = event;
  if ('report' in event) return [{ type, detail: event.report }];
  return [{ type, detail: 'range' in event ? event.range : facts }];
}

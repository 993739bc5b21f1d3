/**
 * Tells the client what happened and how the store stands, without flooding it.
 *
 * Always true:
 * - events keep their order; a `durable` event replaces an earlier one that was not sent yet
 * - a quiet store sends nothing; a busy one at most one message per `PUSH_EVERY_MS`, unless something
 *   rare happened, which goes at once
 */
import type { Timers } from '@varve/files';
import type { StatusMessage, StoreEvent, StoreStatus, ToldEvent } from '@varve/protocol';

const PUSH_EVERY_MS = 50;

export class StatusPusher {
  readonly #timers: Timers;
  readonly #status: () => StoreStatus | undefined;
  readonly #send: (message: StatusMessage) => void;
  readonly #isCheckpointDue: () => boolean;
  #events: StoreEvent[] = [];
  #cancel: (() => void) | undefined;

  constructor(
    timers: Timers,
    status: () => StoreStatus | undefined,
    isCheckpointDue: () => boolean,
    send: (message: StatusMessage) => void,
  ) {
    this.#timers = timers;
    this.#status = status;
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

  /** A status that comes from elsewhere: what has not been told yet goes before it. */
  pass(message: StatusMessage): void {
    const events = this.#events;
    this.#events = [];
    this.#send({ ...message, events: [...events.flatMap(told), ...message.events] });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#events = [];
  }

  #push(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    const status = this.#status();
    if (status === undefined) return;
    const events = this.#events;
    this.#events = [];
    this.#send({
      kind: 'status',
      status,
      events: events.flatMap(told),
      checkpointDue: this.#isCheckpointDue(),
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

/**
 * The page's end of the raw port: requests and their answers.
 *
 * Always true:
 * - every request settles: with its answer, with `TIMEOUT`, or with the reason the link ended for
 * - only requests that may wait for the future (`tail`) have no deadline
 */
import { VarveError, fromWire } from '@varve/protocol';
import type {
  AppendedMessage,
  AppendMessage,
  ChunkMessage,
  HelloAnswer,
  Port,
  ReadMessage,
  StatusMessage,
  ToClient,
  ToEngine,
  UnitBytesMessage,
  UnitMessage,
} from '@varve/protocol';

type Request = AppendMessage | ReadMessage | UnitMessage;
type Answer = AppendedMessage | ChunkMessage | UnitBytesMessage;
type AnswerTo<R extends Request> = R extends AppendMessage
  ? AppendedMessage
  : R extends ReadMessage
    ? ChunkMessage
    : UnitBytesMessage;

interface Pending {
  resolve(answer: Answer): void;
  reject(error: Error): void;
  readonly dueMs: number;
}

export class DataLink {
  /** The engine's first word. */
  readonly hello: Promise<HelloAnswer>;
  onStatus: (message: StatusMessage) => void = () => undefined;
  onDropped: (error: Error) => void = () => undefined;
  readonly #port: Port;
  readonly #deadlineMs: number;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #ended: Error | undefined;
  #sweeper: ReturnType<typeof setTimeout> | undefined;

  constructor(port: Port, deadlineMs: number) {
    this.#port = port;
    this.#deadlineMs = deadlineMs;
    this.hello = new Promise((resolve) => {
      port.addEventListener('message', ({ data }) => {
        const message = data as ToClient;
        if (message.kind === 'hello') resolve(message);
        else this.#receive(message);
      });
    });
    port.start?.();
  }

  request<R extends Request>(
    message: R,
    transfer: ArrayBuffer[] = [],
    deadlineMs = this.#deadlineMs,
  ): Promise<AnswerTo<R>> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(this.#ended);
      const settle = resolve as (answer: Answer) => void;
      this.#pending.set(message.id, { resolve: settle, reject, dueMs: Date.now() + deadlineMs });
      this.#port.postMessage(message, transfer);
      if (deadlineMs < Infinity) this.#sweepLater();
    });
  }

  get isOpen(): boolean {
    return this.#ended === undefined;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  post(message: ToEngine): void {
    if (!this.#ended) this.#port.postMessage(message, []);
  }

  /** Ends the link; whatever waits is rejected with `error`. Idempotent. */
  end(error: Error): void {
    if (this.#ended) return;
    this.#ended = error;
    clearTimeout(this.#sweeper);
    this.#port.close();
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  #receive(message: Exclude<ToClient, HelloAnswer>): void {
    if (message.kind === 'status') return this.onStatus(message);
    if (message.kind === 'refused') {
      if (message.dropped) this.onDropped(fromWire(message.error));
      return;
    }
    const pending = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === 'failed') pending?.reject(fromWire(message.error));
    else pending?.resolve(message);
  }

  /** One timer for all: deadlines are for what never ends, not for what is late by a second. */
  #sweepLater(): void {
    this.#sweeper ??= setTimeout(
      () => {
        this.#sweeper = undefined;
        const nowMs = Date.now();
        let isAnyDue = false;
        for (const [id, { reject, dueMs }] of this.#pending) {
          isAnyDue ||= dueMs < Infinity;
          if (dueMs > nowMs) continue;
          this.#pending.delete(id);
          reject(new VarveError('TIMEOUT', undefined, { facts: { deadlineMs: this.#deadlineMs } }));
        }
        if (isAnyDue && !this.#ended) this.#sweepLater();
      },
      Math.min(this.#deadlineMs, 1000),
    );
  }
}

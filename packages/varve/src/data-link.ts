/** The page's end of the raw port: requests and their answers. */
import { fromWire } from '@varve/protocol';
import type {
  AppendedMessage,
  AppendMessage,
  ChunkMessage,
  HelloAnswer,
  ReadMessage,
  StatusMessage,
  ToClient,
  ToEngine,
  UnitBytesMessage,
  UnitMessage,
} from '@varve/protocol';
import type { Calls } from './calls.ts';

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
}

export class DataLink {
  onHello: (message: HelloAnswer) => void = () => undefined;
  onStatus: (message: StatusMessage) => void = () => undefined;
  onDropped: (error: Error) => void = () => undefined;
  readonly #port: MessagePort;
  readonly #calls: Calls;
  /** A request that ran into its deadline stays until its answer comes, or the port goes. */
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(port: MessagePort, calls: Calls) {
    this.#port = port;
    this.#calls = calls;
    port.onmessage = ({ data }: MessageEvent<ToClient>) => this.#receive(data);
  }

  get isOpen(): boolean {
    return this.#calls.isOpen;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  request<R extends Request>(
    message: R,
    transfer: ArrayBuffer[] = [],
    deadlineMs?: number,
  ): Promise<AnswerTo<R>> {
    return this.#calls.run<Answer>((resolve, reject) => {
      this.#pending.set(message.id, { resolve, reject });
      this.#port.postMessage(message, transfer);
    }, deadlineMs) as Promise<AnswerTo<R>>;
  }

  post(message: ToEngine): void {
    this.#port.postMessage(message);
  }

  #receive(message: ToClient): void {
    if (message.kind === 'hello') return this.onHello(message);
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
}

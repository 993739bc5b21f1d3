/** The page's end of the raw port: requests and their answers. */
import { fromWire } from '@varve/protocol';
import type {
  AppendedMessage,
  AppendMessage,
  ChunkMessage,
  HelloAnswer,
  ReadMessage,
  RingAnswer,
  StatusMessage,
  ToClient,
  ToEngine,
  UnitBytesMessage,
  UnitMessage,
} from '@varve/protocol';
import type { DataPort } from './api.ts';
import type { Calls } from './calls.ts';

type Numbered<R> = Omit<R, 'id'>;

export interface DataLink {
  onHello: (message: HelloAnswer) => void;
  onStatus: (message: StatusMessage) => void;
  onDropped: (error: Error) => void;
  isOpen(): boolean;
  /** A number that no request and no reader of this link has. */
  nextId(): number;
  request(message: Numbered<AppendMessage>, transfer: ArrayBuffer[]): Promise<AppendedMessage>;
  request(
    message: Numbered<ReadMessage>,
    transfer: [],
    deadlineMs: number | undefined,
  ): Promise<ChunkMessage>;
  request(message: Numbered<UnitMessage>): Promise<UnitBytesMessage>;
  post(message: ToEngine): void;
}

type Answer = AppendedMessage & ChunkMessage & UnitBytesMessage;

interface Pending {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

const nobody = (): void => undefined;

export function dataLink(port: DataPort, calls: Calls): DataLink {
  /** A request that ran into its deadline stays until its answer comes, or the port goes. */
  const pending = new Map<number, Pending>();
  let lastId = 0;
  const link: DataLink = {
    onHello: nobody,
    onStatus: nobody,
    onDropped: nobody,
    isOpen: calls.isOpen,
    nextId: () => ++lastId,
    request: (message: object, transfer?: ArrayBuffer[], deadlineMs?: number) =>
      calls.run<Answer>((resolve, reject) => {
        const id = ++lastId;
        pending.set(id, { resolve, reject });
        port.postMessage({ ...message, id }, transfer ?? []);
      }, deadlineMs),
    post: (message) => port.postMessage(message),
  };
  port.onmessage = ({ data: message }: MessageEvent<Exclude<ToClient, RingAnswer>>) => {
    if (message.kind === 'hello') link.onHello(message);
    else if (message.kind === 'status') link.onStatus(message);
    else if (message.kind === 'refused') {
      if (message.dropped) link.onDropped(fromWire(message.error));
    } else {
      const call = pending.get(message.id);
      pending.delete(message.id);
      if (message.kind === 'failed') call?.reject(fromWire(message.error));
      else call?.resolve(message as Answer);
    }
  };
  return link;
}

/** A client that speaks the protocol by hand, so that it can also speak it wrongly. */
import type { Host } from '@varve/files';
import { createMemoryHost } from '@varve/files/memory';
import { deleteStore, importStore, listStores, openStore } from '@varve/journal';
import { PROTOCOL_VERSION, writeRecordFrame } from '@varve/protocol';
import type { ControlAnswer, ControlRoot, OpenRequest, Port, ToClient } from '@varve/protocol';
import { wrap } from 'comlink';
import { receiveHello } from '../engine.ts';
import type { EngineServices } from '../services.ts';

export const OPEN_REQUEST: OpenRequest = {
  durability: 'strict',
  create: true,
  readOnly: false,
  keep: 'all',
  segmentSizeBytes: 64 * 1024,
  alignmentBytes: 16,
  maxBytes: 0,
  maxStateBytes: 4096,
  maxRecordBytes: 1024 * 1024,
  relaxedBytes: 1024 * 1024,
  relaxedMs: 1000,
  queueBytes: 1024 * 1024,
  fallback: 'refuse',
  busyTimeoutMs: 200,
  leaderTimeoutMs: 1000,
  checkpointEveryBytes: 0,
};

export function testServices(host: Host = createMemoryHost()): EngineServices {
  return {
    durableHost: async () => host,
    memoryHost: () => createMemoryHost(),
    refusal: async () => undefined,
    timers: host.timers,
    lifeLock: undefined,
    openStore,
    listStores,
    deleteStore,
    importStore,
  };
}

/** A record's frame. */
export function frameOf(text: string): Uint8Array<ArrayBuffer> {
  const payload = new TextEncoder().encode(text);
  const bytes = new Uint8Array(payload.length + 16);
  return bytes.slice(0, writeRecordFrame(bytes, 0, 64, 0, payload));
}

export class RawClient {
  readonly received: ToClient[] = [];
  readonly data: MessagePort;
  readonly control: MessagePort;
  readonly #root;
  #onMessage: () => void = () => undefined;

  constructor(services: EngineServices, version = PROTOCOL_VERSION) {
    const data = new MessageChannel();
    const control = new MessageChannel();
    this.data = data.port1;
    this.control = control.port1;
    this.data.onmessage = (event: { data: ToClient }) => {
      this.received.push(event.data);
      this.#onMessage();
    };
    this.#root = wrap<ControlRoot>(this.control);
    const ports = { control: control.port2 as Port, data: data.port2 as Port };
    receiveHello(services, { kind: 'varve:hello', version, ...ports });
  }

  /** The first message of that kind, now or later. */
  async expect<K extends ToClient['kind']>(
    kind: K,
    id?: number,
  ): Promise<Extract<ToClient, { kind: K }>> {
    for (;;) {
      const found = this.received.find(
        (message) =>
          message.kind === kind && (id === undefined || ('id' in message && message.id === id)),
      );
      if (found) return found as Extract<ToClient, { kind: K }>;
      await new Promise<void>((resolve) => (this.#onMessage = resolve));
    }
  }

  send(message: unknown): void {
    this.data.postMessage(message);
  }

  /** The answer as it is, refusals included. */
  async call(method: string, ...args: unknown[]): Promise<ControlAnswer<unknown>> {
    return this.#root.call({ method, args } as never) as Promise<ControlAnswer<unknown>>;
  }

  open(name = 'store', request: Partial<OpenRequest> = {}): Promise<ControlAnswer<unknown>> {
    return this.call('open', name, { ...OPEN_REQUEST, ...request });
  }

  append(id: number, text: string): void {
    const { buffer, length } = frameOf(text);
    this.send({ kind: 'append', id, buffer, length });
  }

  close(): void {
    this.data.close();
    this.control.close();
  }
}

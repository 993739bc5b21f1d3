/**
 * What one client asks of an open store, and what is held for it meanwhile: the same for the page of
 * this worker and for a follower in another tab.
 *
 * Always true:
 * - each function is one attempt on the store that it is given; who calls it knows which that is
 * - when the client goes, what was held for it (history, units) is given back by `dispose`
 */
import type { Timers } from '@varve/files';
import { readPiece } from '@varve/journal';
import type { Appended, ClientStamp, StorePort } from '@varve/journal';
import { VarveError, isVarveError } from '@varve/protocol';
import type {
  AppendMessage,
  ChunkMessage,
  ControlRequest,
  ReadMessage,
  StorageFacts,
  StoreStatus,
  UnitBytesMessage,
  UnitMessage,
  Visibility,
} from '@varve/protocol';
import { append } from './appends.ts';
import { HistorySize } from './history-size.ts';
import { Readers } from './readers.ts';
import { recordsOf } from './records.ts';
import type { EngineServices } from './services.ts';
import { Streams } from './streams.ts';

const REOPENING_PAUSE_MS = 20;

export class Desk {
  /** Clients of this thread, followers in other tabs too: who stands still for one holds up the rest. */
  static open = 0;
  readonly streams = new Streams();
  readonly #readers = new Readers();
  readonly #history = new HistorySize();
  readonly #services: EngineServices;
  readonly #timers: Timers;

  constructor(services: EngineServices) {
    this.#services = services;
    this.#timers = services.timers;
    Desk.open++;
  }

  /** The records have their place in the log before anything is done that is asked later. */
  append(store: StorePort, message: AppendMessage, stamp?: ClientStamp): Promise<Appended> {
    const stage = (): Promise<Appended> => append(store, this.streams, message, stamp);
    return this.#services.gathering?.join(this, stage) ?? stage();
  }

  async read(store: StorePort, message: ReadMessage, byDefault: Visibility): Promise<ChunkMessage> {
    this.#services.gathering?.stage();
    for (;;) {
      try {
        const chunk = await this.#readers.read(store, message, byDefault);
        const records = recordsOf(chunk, message.reverse);
        return { kind: 'chunk', id: message.id, done: chunk.done, ...records };
      } catch (error) {
        // The store comes back by itself in a moment, or says otherwise at the next try.
        if (!isVarveError(error) || error.facts['retry'] !== true) throw error;
        await new Promise<void>((resolve) => this.#timers.after(REOPENING_PAUSE_MS, resolve));
      }
    }
  }

  release(reader: number): void {
    this.#readers.release(reader);
  }

  unit(store: StorePort, { id, lsn, at, maxBytes }: UnitMessage): UnitBytesMessage {
    return { kind: 'bytes', id, ...readPiece(store, lsn, at, maxBytes) };
  }

  /** Calls of an open store; others are not for a desk. */
  async call(store: StorePort, request: ControlRequest): Promise<unknown> {
    this.#services.gathering?.stage();
    const { streams } = this;
    const { method, args } = request;
    switch (method) {
      case 'status':
        return this.statusOf(store);
      case 'flush':
        return store.flush();
      case 'checkpoint':
        return store.checkpoint(...(args as [Uint8Array, number]));
      case 'readState':
        return store.readState() ?? null;
      case 'trim':
        return store.trim(...(args as [number]));
      case 'layout':
        return store.layout();
      case 'batches':
        return store.batches(...(args as [number]));
      case 'openSource':
        return args[0] === 'export' ? streams.openExport(store) : streams.openSalvage(store);
      case 'openUnit':
        return streams.openUnit(store);
      default:
        return this.stream(request);
    }
  }

  /** Calls of an open source or sink. */
  async stream({ method, args }: ControlRequest): Promise<unknown> {
    this.#services.gathering?.stage();
    const { streams } = this;
    if (method === 'pull') return streams.pull(...(args as [number]));
    if (method === 'write') return streams.write(...(args as [number, Uint8Array]));
    if (method === 'dropStream') return streams.drop(...(args as [number]));
    throw new VarveError('BAD_MESSAGE', `${method} is no call of an open store`);
  }

  async statusOf(store: StorePort): Promise<StoreStatus & StorageFacts> {
    return { ...store.status(), ...(await this.storageFacts()) };
  }

  async storageFacts(): Promise<StorageFacts> {
    return (await this.#services.storageFacts?.()) ?? { persisted: null, quota: null };
  }

  /** @param everyBytes 0: never */
  isCheckpointDue(store: StorePort | undefined, everyBytes: number): boolean {
    return (
      everyBytes > 0 &&
      store !== undefined &&
      this.#history.bytesAfter(store, store.status().coveredLsn) >= everyBytes
    );
  }

  /** Once. */
  dispose(): void {
    Desk.open--;
    this.#readers.releaseAll();
    this.streams.dropAll();
  }
}

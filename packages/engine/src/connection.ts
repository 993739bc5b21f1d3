/**
 * One client: its two ports, its store, its readers and streams.
 *
 * Always true:
 * - every request that arrived is answered, or the connection has ended
 * - a malformed message harms nobody else; several in a row end this connection alone
 * - when it ends, whatever was held for the client (history, units, lock, handle) is given back
 */
import type { Timers } from '@varve/files';
import type { Appended, StorePort } from '@varve/journal';
import {
  CLONED_BYTES_MAX,
  STRIKES_MAX,
  VarveError,
  asVarveError,
  checkAgrees,
  completeRequest,
  isVarveError,
  toWire,
  validateToEngine,
  withOutcome,
} from '@varve/protocol';
import type {
  AppendMessage,
  Port,
  ReadMessage,
  StorageFacts,
  StoreStatus,
  ToClient,
  UnitMessage,
} from '@varve/protocol';
import { append } from './appends.ts';
import { exposeControl } from './control-root.ts';
import type { ControlHandlers } from './control-root.ts';
import { HistorySize } from './history-size.ts';
import { Readers, readPiece } from './readers.ts';
import { recordsOf } from './records.ts';
import type { EngineServices } from './services.ts';
import { StoreSession } from './session.ts';
import { StatusPusher } from './status-pusher.ts';
import { storeAdministration } from './administration.ts';
import { Streams } from './streams.ts';

const REOPENING_PAUSE_MS = 20;

export class Connection {
  readonly #data: Port;
  readonly #control: Port;
  readonly #session: StoreSession;
  readonly #pusher: StatusPusher;
  readonly #readers = new Readers();
  readonly #streams = new Streams();
  readonly #history = new HistorySize();
  readonly #timers: Timers;
  #strikes = 0;
  #ended = false;

  constructor(services: EngineServices, data: Port, control: Port) {
    this.#data = data;
    this.#control = control;
    this.#timers = services.timers;
    this.#session = new StoreSession(services, (event) => this.#pusher.event(event));
    this.#pusher = new StatusPusher(
      services.timers,
      () => this.#session.status,
      () => this.#isCheckpointDue(),
      (message) => this.#post(message),
    );
    data.addEventListener('message', (event) => this.#receive(event.data));
    // A port that closes is a client that went away, where the platform tells.
    data.addEventListener('close', () => void this.end());
    exposeControl(
      control,
      this.#handlers(services),
      (wrong) => this.#strike(wrong),
      () => (this.#strikes = 0),
      () => void this.end(),
    );
    data.start?.();
  }

  /** Gives everything back. Idempotent. */
  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#readers.releaseAll();
    this.#streams.dropAll();
    this.#pusher.stop();
    await this.#session.close();
    this.#data.close();
    this.#control.close();
  }

  #receive(data: unknown): void {
    if (this.#ended) return;
    const validated = validateToEngine(data);
    if ('wrong' in validated) {
      const error = this.#strike(validated.wrong);
      const { id } = (data ?? {}) as { readonly id?: unknown };
      if (typeof id === 'number') this.#post({ kind: 'failed', id, error: toWire(error) });
      else this.#post({ kind: 'refused', error: toWire(error), dropped: false });
      return;
    }
    this.#strikes = 0;
    const message = validated.value;
    switch (message.kind) {
      case 'append':
        return this.#append(message);
      case 'read':
        return void this.#read(message);
      case 'unit':
        return void this.#readUnit(message);
      case 'release':
        return this.#readers.release(message.reader);
    }
  }

  #append(message: AppendMessage): void {
    const { id, buffer } = message;
    this.#staged(message).then(
      ({ firstLsn, groups: count, refusal }) => {
        const answer = { kind: 'appended', id, firstLsn, groups: count } as const;
        const refused = refusal && { refusal: toWire(refusal) };
        if (buffer.byteLength <= CLONED_BYTES_MAX) this.#post({ ...answer, ...refused });
        else this.#post({ ...answer, ...refused, buffer }, [buffer]);
        this.#pusher.touch();
      },
      (cause: unknown) => {
        const error = asVarveError(cause);
        const wire = toWire(withOutcome(error, error.outcome ?? 'unknown'));
        this.#post({ kind: 'failed', id, error: wire });
      },
    );
  }

  async #staged(message: AppendMessage): Promise<Appended> {
    // A store that was parked takes what came meanwhile in the order in which it came.
    const store = this.#session.store ?? (await this.#session.ready());
    return append(store, this.#streams, message);
  }

  async #read(message: ReadMessage): Promise<void> {
    const { id } = message;
    for (;;) {
      // A reader that only waits must not wake a parked store.
      if (message.wait === true && this.#session.isParked) await this.#session.returned();
      const store = this.#session.store ?? (await this.#session.ready().catch(asVarveError));
      try {
        if (store instanceof VarveError) throw store;
        const byDefault = this.#session.request?.durability === 'relaxed' ? 'written' : 'durable';
        const chunk = await this.#readers.read(store, message, byDefault);
        const records = recordsOf(chunk, message.reverse);
        const { bytes, heads } = records;
        return this.#post({ kind: 'chunk', id, done: chunk.done, ...records }, [
          bytes.buffer as ArrayBuffer,
          heads.buffer,
        ]);
      } catch (error) {
        if (isVarveError(error) && error.facts['retry'] === true) {
          await this.#reopeningPause();
          continue;
        }
        // A store that was parked under a waiting reader comes back as another object.
        const wasParked = isVarveError(error, 'CLOSED') && this.#session.store !== store;
        if (!wasParked || store === error) return this.#fail(id, error);
      }
    }
  }

  /** The store comes back by itself in a moment, or says otherwise at the next try. */
  #reopeningPause(): Promise<void> {
    return new Promise((resolve) => this.#timers.after(REOPENING_PAUSE_MS, resolve));
  }

  async #readUnit({ id, lsn, at, maxBytes }: UnitMessage): Promise<void> {
    try {
      const store = this.#session.store ?? (await this.#session.ready());
      const { bytes, done } = readPiece(store, lsn, at, maxBytes);
      this.#post({ kind: 'bytes', id, bytes, done }, [bytes.buffer as ArrayBuffer]);
    } catch (error) {
      this.#fail(id, error);
    }
  }

  #handlers(services: EngineServices): ControlHandlers {
    const session = this.#session;
    const streams = this.#streams;
    const statusOf = async (store: StorePort): Promise<StoreStatus & StorageFacts> => {
      const facts = (await services.storageFacts?.()) ?? { persisted: null, quota: null };
      return { ...store.status(), ...facts };
    };
    return {
      ...storeAdministration(services, streams),
      open: async (name, given) => {
        if (session.request !== undefined) {
          checkAgrees(session.request, given);
          return { request: session.request, status: await statusOf(await session.ready()) };
        }
        const request = completeRequest(given);
        return { request, status: await statusOf(await session.open(name, request)) };
      },
      status: async () => statusOf(await session.ready()),
      flush: async () => (await session.ready()).flush(),
      checkpoint: async (state, upTo) => (await session.ready()).checkpoint(state, upTo),
      readState: async () => (await session.ready()).readState() ?? null,
      trim: async (before) => (await session.ready()).trim(before),
      layout: async () => (await session.ready()).layout(),
      batches: async (slot) => (await session.ready()).batches(slot),
      park: () => session.park(),
      close: () => session.close(),
      openSource: async (what) => {
        const store = await session.ready();
        return what === 'export' ? streams.openExport(store) : streams.openSalvage(store);
      },
      openUnit: async () => streams.openUnit(await session.ready()),
      pull: streams.pull,
      write: streams.write,
      endImport: (id) => streams.finish(id),
      dropStream: (id) => streams.drop(id),
    };
  }

  #isCheckpointDue(): boolean {
    const { store, request } = this.#session;
    const every = request?.checkpointEveryBytes ?? 0;
    return (
      every > 0 &&
      store !== undefined &&
      this.#history.bytesAfter(store, store.status().coveredLsn) >= every
    );
  }

  #strike(wrong: string): VarveError {
    this.#strikes++;
    const error = new VarveError('BAD_MESSAGE', wrong, {
      facts: { wrong, strikes: this.#strikes },
      outcome: 'not-written',
    });
    // After the answer to this message: the refusal that ends the connection is its last word.
    if (this.#strikes >= STRIKES_MAX) queueMicrotask(() => this.#drop(error));
    return error;
  }

  #drop(error: VarveError): void {
    if (this.#ended) return;
    this.#post({ kind: 'refused', error: toWire(error), dropped: true });
    void this.end();
  }

  #fail(id: number, error: unknown): void {
    this.#post({ kind: 'failed', id, error: toWire(error) });
  }

  #post(message: ToClient, transfer: ArrayBuffer[] = []): void {
    this.#data.postMessage(message, transfer);
  }
}

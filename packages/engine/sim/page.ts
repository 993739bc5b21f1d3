/**
 * A page: speaks to its worker as packages/varve does, and writes down what it was told.
 *
 * Always true:
 * - at most two append messages are in flight; what comes meanwhile forms the next
 * - every call ends, by its answer, by its deadline or by the worker's end
 */
import {
  CLONED_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  VarveError,
  fromWire,
  isVarveError,
  withOutcome,
} from '@varve/protocol';
import type {
  ChunkMessage,
  ControlAnswer,
  ControlCalls,
  ControlMethod,
  Durability,
  Port,
  ReadMessage,
  Records,
  StatusMessage,
  ToClient,
} from '@varve/protocol';
import type { SimulatedContext } from '@varve/files/simulated';
import type { AppendFact, History, TailFact } from './history.ts';
import { type SeenRecord, framesOf, payloadOf, recordsIn, streamEnd } from './values.ts';

const IN_FLIGHT_MAX = 2;
const MESSAGE_GROUPS_MAX = 6;
/** Small, so that most logs are read in several, and each costs a small buffer. */
const CHUNK_BYTES = 8 * 1024;
/** As the page of packages/varve has them. */
const DEADLINE_MS = 30_000;
const CLOSE_DEADLINE_MS = 5_000;

interface Waiting {
  /** Waits for what is yet to come. */
  readonly isPatient: boolean;
  resolve(answer: ToClient | ControlAnswer<unknown>): void;
  reject(error: VarveError): void;
}

interface Group {
  readonly fact: AppendFact;
  readonly frames: Uint8Array<ArrayBuffer>;
  /** An open sink that ends here. */
  readonly stream?: number;
}

const isAlone = ({ fact: { expect, key }, stream }: Group): boolean =>
  (expect ?? key ?? stream) !== undefined;

type AnswerOf<K extends ToClient['kind']> = Extract<ToClient, { kind: K }>;
type Unnumbered<M> = Omit<M, 'id'>;

export interface AppendWish {
  readonly records: number;
  readonly bytes: number;
  readonly durability?: Durability;
  readonly expect?: number;
}

export class Page {
  readonly client: number;
  /** The last LSN that this page was told of. */
  lastLsn = 0;
  role: 'leader' | 'follower' | undefined;
  /** No call can succeed any more: the store must be opened anew. */
  isOver = false;
  readonly #context: SimulatedContext;
  readonly #data: Port;
  readonly #control: Port;
  readonly #history: History;
  readonly #waiting = new Map<number | string, Waiting>();
  readonly #queue: Group[] = [];
  #isOpen = false;
  readonly #whenOpen: (() => void)[] = [];
  #isPumpDue = false;
  #inFlight = 0;
  #lastId = 0;
  #lastNumber = 0;

  constructor(
    context: SimulatedContext,
    data: Port,
    control: Port,
    client: number,
    history: History,
  ) {
    this.#context = context;
    this.#data = data;
    this.#control = control;
    this.client = client;
    this.#history = history;
    data.addEventListener('message', (event) => this.#hear(event.data as ToClient));
    control.addEventListener('message', (event) => {
      const { id, value } = event.data as { id: string; value: ControlAnswer<unknown> };
      this.#settle(id, (waiting) => waiting.resolve(value));
    });
  }

  /** Calls that must end some time. */
  get pendingCalls(): number {
    return [...this.#waiting.values()].filter(({ isPatient }) => !isPatient).length;
  }

  /** Once; an application has no store to ask before. */
  open(name: string, request: object): void {
    void this.#open(name, request).then((isOpen) => {
      this.#isOpen = isOpen;
      if (isOpen) for (const task of this.#whenOpen.splice(0)) task();
    });
  }

  /** As soon as the store is open. */
  whenOpen(task: () => void): void {
    if (this.#isOpen) task();
    else this.#whenOpen.push(task);
  }

  async #open(name: string, request: object): Promise<boolean> {
    try {
      const { status } = await this.#call('open', name, request);
      this.role = status.role;
      this.lastLsn = status.lastLsn;
      return true;
    } catch (error) {
      this.#noted('open', error);
      this.isOver = true;
      return false;
    }
  }

  append({ records, bytes, durability, expect }: AppendWish): void {
    const first = this.#lastNumber + 1;
    this.#lastNumber += records;
    const { client } = this;
    const fact = this.#history.append({
      client,
      first,
      records,
      durability,
      expect,
      issuedMs: this.#context.nowMs(),
    });
    this.#issue({ fact, frames: framesOf({ client, number: first }, records, bytes) });
  }

  /** @param client the key's: its one record is the same from every page */
  keyed(client: number, durability: Durability | undefined): void {
    const fact = this.#history.append({
      client,
      first: 1,
      records: 1,
      durability,
      expect: undefined,
      key: `key ${client}`,
      issuedMs: this.#context.nowMs(),
    });
    this.#issue({ fact, frames: framesOf({ client, number: 1 }, 1, 30) });
  }

  #issue(group: Group): void {
    this.#queue.push(group);
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    queueMicrotask(() => {
      this.#isPumpDue = false;
      this.#pump();
    });
  }

  /** A record in pieces. It has a client of its own: its place is that of its end. */
  async stream(client: number, bytes: number, pieces: number): Promise<void> {
    await this.#attempt('stream', async () => {
      const stream = await this.#call('openUnit');
      const payload = payloadOf({ client, number: 1 }, bytes);
      const step = Math.ceil(payload.length / pieces);
      for (let at = 0; at < payload.length; at += step)
        await this.#call('write', stream, payload.slice(at, at + step));
      const fact = this.#history.append({
        client,
        first: 1,
        records: 1,
        durability: undefined,
        expect: undefined,
        issuedMs: this.#context.nowMs(),
      });
      this.#queue.push({ fact, frames: streamEnd(), stream });
      this.#pump();
    });
  }

  /** Reads all there is, from the first record on. */
  async read(): Promise<void> {
    const fact = this.#history.read(this.client, this.#context.nowMs());
    const reader = ++this.#lastId;
    try {
      for (let after = 0; ;) {
        const read = { kind: 'read', reader, after, maxBytes: CHUNK_BYTES } as const;
        const chunk: ChunkMessage = await this.#ask<'chunk'>(read);
        const records = await this.#recordsIn(chunk);
        fact.records.push(...records);
        after = records.at(-1)?.lsn ?? after;
        if (chunk.done) break;
      }
      fact.endedMs = this.#context.nowMs();
    } catch (error) {
      this.#noted('read', error);
    }
    this.#data.postMessage({ kind: 'release', reader }, []);
  }

  /** Follows the log from its first record on for as long as the page lives. */
  async tail(): Promise<void> {
    const fact = this.#history.tail(this.client);
    while (!this.isOver) {
      try {
        await this.#follow(fact);
      } catch (error) {
        this.#noted('tail', error);
        fact.hasLagged = isVarveError(error, 'READER_LAGGED') || isVarveError(error, 'TRIMMED');
        if (fact.hasLagged) return;
        await new Promise<void>((resolve) => this.#context.after(100, resolve));
      }
    }
  }

  checkpoint(): Promise<void> {
    return this.#attempt('checkpoint', async () => {
      const { lastLsn } = await this.#call('status');
      await this.#call('checkpoint', new Uint8Array([lastLsn & 0xff]), lastLsn);
      this.#history.checkpointed(lastLsn);
    });
  }

  async status(): Promise<void> {
    await this.#attempt('status', async () => {
      const { role, lastLsn } = await this.#call('status');
      this.role = role;
      this.lastLsn = Math.max(this.lastLsn, lastLsn);
    });
  }

  park(): Promise<void> {
    return this.#attempt('park', () => this.#call('park'));
  }

  async close(): Promise<void> {
    await this.#attempt('close', () => this.#call('close'));
    this.end(new VarveError('CLOSED'));
  }

  /** The worker is gone, or the page lets go of it. */
  end(error: VarveError): void {
    if (this.isOver && this.#waiting.size === 0) return;
    this.isOver = true;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
    const refusal = withOutcome(error, 'not-written');
    for (const { fact } of this.#queue.splice(0))
      this.#history.refused(fact, refusal, this.#context.nowMs());
    this.#data.close();
    this.#control.close();
  }

  async #follow(fact: TailFact): Promise<void> {
    const reader = ++this.#lastId;
    let isDry = false;
    try {
      for (;;) {
        const after = fact.records.at(-1)?.lsn ?? 0;
        const asked: Unnumbered<ReadMessage> = {
          kind: 'read',
          reader,
          after,
          maxBytes: CHUNK_BYTES,
          wait: isDry,
        };
        const chunk: ChunkMessage = await this.#ask<'chunk'>(asked, isDry ? Infinity : DEADLINE_MS);
        isDry = chunk.done;
        this.#history.tailed(fact, await this.#recordsIn(chunk), this.#context.nowMs());
      }
    } finally {
      this.#data.postMessage({ kind: 'release', reader }, []);
    }
  }

  #recordsIn(chunk: Records): Promise<SeenRecord[]> {
    return recordsIn(chunk, async (lsn) => {
      const unit = { kind: 'unit', lsn, at: 0, maxBytes: MESSAGE_BYTES_MAX } as const;
      return (await this.#ask<'bytes'>(unit)).bytes;
    });
  }

  async #attempt(what: string, call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this.#noted(what, error);
    }
  }

  #noted(what: string, error: unknown): void {
    this.#history.failed(what, this.#known(error, what), this.#context.nowMs());
  }

  /** What is no error of ours must never leave the engine. */
  #known(error: unknown, what: string): VarveError {
    if (isVarveError(error)) return error;
    this.#history.violations.push(`error: ${what} failed with ${String(error)}`);
    return new VarveError('BAD_MESSAGE', String(error), { cause: error });
  }

  #pump(): void {
    while (this.#inFlight < IN_FLIGHT_MAX && this.#queue.length > 0) {
      const [first] = this.#queue;
      let count = 1;
      const { durability } = first!.fact;
      while (
        !isAlone(first!) &&
        count < Math.min(this.#queue.length, MESSAGE_GROUPS_MAX) &&
        this.#queue[count]!.fact.durability === durability &&
        !isAlone(this.#queue[count]!)
      ) {
        count++;
      }
      void this.#send(this.#queue.splice(0, count));
    }
  }

  async #send(groups: readonly Group[]): Promise<void> {
    const {
      fact: { durability, expect, key },
      stream,
    } = groups[0]!;
    const lengths = groups.map(({ frames }) => frames.length);
    const length = lengths.reduce((sum, bytes) => sum + bytes, 0);
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const { frames } of groups) {
      bytes.set(frames, at);
      at += frames.length;
    }
    this.#inFlight++;
    try {
      const answer = await this.#ask<'appended'>(
        {
          kind: 'append',
          buffer: bytes.buffer,
          length,
          groups: groups.length > 1 ? Uint32Array.from(lengths) : undefined,
          durability,
          expect,
          stream,
          key,
        },
        DEADLINE_MS,
        length <= CLONED_BYTES_MAX ? [] : [bytes.buffer],
      );
      const { firstLsn, refusal, groups: count } = answer;
      const { groupLsns } = answer as { readonly groupLsns?: readonly number[] };
      let next = firstLsn;
      groups.forEach(({ fact }, index) => {
        if (index >= count) {
          this.#history.refused(fact, fromWire(refusal) as VarveError, this.#context.nowMs());
          return;
        }
        next = groupLsns?.[index] ?? next;
        this.#history.acknowledged(fact, next, this.#context.nowMs());
        next += fact.records;
        this.lastLsn = Math.max(this.lastLsn, next - 1);
      });
    } catch (error) {
      const failure = this.#known(error, 'append');
      const known = withOutcome(failure, failure.outcome ?? 'unknown');
      for (const { fact } of groups) this.#history.refused(fact, known, this.#context.nowMs());
    }
    this.#inFlight--;
    this.#pump();
  }

  #hear(message: ToClient): void {
    if (message.kind === 'status') this.#heardStatus(message);
    else if (message.kind === 'refused') {
      if (message.dropped) this.end(fromWire(message.error) as VarveError);
    } else if ('id' in message) {
      this.#settle(message.id, (waiting) => {
        if (message.kind === 'failed') waiting.reject(fromWire(message.error) as VarveError);
        else waiting.resolve(message);
      });
    }
  }

  #heardStatus({ status, events }: StatusMessage): void {
    this.role = status.role;
    for (const { type } of events) this.#history.event(type);
  }

  #ask<K extends ToClient['kind']>(
    message: object,
    deadlineMs = DEADLINE_MS,
    transfer: ArrayBuffer[] = [],
  ): Promise<AnswerOf<K>> {
    const id = ++this.#lastId;
    return this.#wait(id, deadlineMs, () =>
      this.#data.postMessage({ ...message, id }, transfer),
    ) as Promise<AnswerOf<K>>;
  }

  async #call<M extends ControlMethod>(
    method: M,
    ...args: unknown[]
  ): Promise<ReturnType<ControlCalls[M]>> {
    const id = `${++this.#lastId}`;
    const deadlineMs = method === 'close' ? CLOSE_DEADLINE_MS : DEADLINE_MS;
    const answer = (await this.#wait(id, deadlineMs, () =>
      this.#control.postMessage(
        {
          id,
          type: 'APPLY',
          path: ['call'],
          argumentList: [{ type: 'RAW', value: { method, args } }],
        },
        [],
      ),
    )) as ControlAnswer<ReturnType<ControlCalls[M]>>;
    if (!answer.ok) throw fromWire(answer.error);
    return answer.value;
  }

  #wait(id: number | string, deadlineMs: number, send: () => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.isOver) {
        reject(new VarveError('CLOSED', '', { outcome: 'not-written' }));
        return;
      }
      const sinceMs = this.#context.nowMs();
      const cancel =
        deadlineMs === Infinity
          ? (): void => undefined
          : this.#context.after(deadlineMs, () => {
              this.#history.waited(sinceMs);
              this.#settle(id, (waiting) =>
                waiting.reject(new VarveError('TIMEOUT', '', { outcome: 'unknown' })),
              );
            });
      this.#waiting.set(id, {
        isPatient: deadlineMs === Infinity,
        resolve: (answer) => {
          cancel();
          resolve(answer);
        },
        reject: (error) => {
          cancel();
          reject(error);
        },
      });
      send();
    });
  }

  #settle(id: number | string, how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (waiting !== undefined) how(waiting);
  }
}

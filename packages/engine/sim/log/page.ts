/**
 * A page that has a log open.
 *
 * Always true: at most two append messages are in flight; what comes meanwhile forms the next.
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
  ControlCalls,
  Durability,
  OpenRequest,
  ReadMessage,
  Records,
  ToClient,
} from '@varve/protocol';
import { DEADLINE_MS } from '../caller.ts';
import { Page } from '../page.ts';
import type { AppendFact, History, TailFact } from './history.ts';
import { type SeenRecord, framesOf, payloadOf, recordsIn, streamEnd } from './values.ts';

const IN_FLIGHT_MAX = 2;
const MESSAGE_GROUPS_MAX = 6;
/** Small, so that most logs are read in several, and each costs a small buffer. */
const CHUNK_BYTES = 8 * 1024;
interface Group {
  readonly fact: AppendFact;
  readonly frames: Uint8Array<ArrayBuffer>;
  /** An open sink that ends here. */
  readonly stream?: number;
}

const isAlone = ({ fact: { expect, key }, stream }: Group): boolean =>
  (expect ?? key ?? stream) !== undefined;

type Unnumbered<M> = Omit<M, 'id'>;

export interface AppendWish {
  readonly records: number;
  readonly bytes: number;
  readonly durability?: Durability;
  readonly expect?: number;
}

export class LogPage extends Page<ControlCalls, History> {
  /** The last LSN that this page was told of. */
  lastLsn = 0;
  readonly #queue: Group[] = [];
  #isPumpDue = false;
  #inFlight = 0;
  #lastNumber = 0;

  append({ records, bytes, durability, expect }: AppendWish): void {
    const first = this.#lastNumber + 1;
    this.#lastNumber += records;
    const { client } = this;
    const fact = this.history.append({
      client,
      first,
      records,
      durability,
      expect,
      issuedMs: this.context.nowMs(),
    });
    this.#issue({ fact, frames: framesOf({ client, number: first }, records, bytes) });
  }

  /** @param client the key's: its one record is the same from every page */
  keyed(client: number, durability: Durability | undefined): void {
    const fact = this.history.append({
      client,
      first: 1,
      records: 1,
      durability,
      expect: undefined,
      key: `key ${client}`,
      issuedMs: this.context.nowMs(),
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
    await this.attempt('stream', async () => {
      const stream = await this.caller.call('openUnit');
      const payload = payloadOf({ client, number: 1 }, bytes);
      const step = Math.ceil(payload.length / pieces);
      for (let at = 0; at < payload.length; at += step)
        await this.caller.call('write', stream, payload.slice(at, at + step));
      const fact = this.history.append({
        client,
        first: 1,
        records: 1,
        durability: undefined,
        expect: undefined,
        issuedMs: this.context.nowMs(),
      });
      this.#queue.push({ fact, frames: streamEnd(), stream });
      this.#pump();
    });
  }

  /** Reads all there is, from the first record on. */
  async read(): Promise<void> {
    const fact = this.history.read(this.client, this.context.nowMs());
    const reader = this.caller.newId();
    try {
      for (let after = 0; ;) {
        const read = { kind: 'read', reader, after, maxBytes: CHUNK_BYTES } as const;
        const chunk: ChunkMessage = await this.caller.ask<'chunk'>(read);
        const records = await this.#recordsIn(chunk);
        fact.records.push(...records);
        after = records.at(-1)?.lsn ?? after;
        if (chunk.done) break;
      }
      fact.endedMs = this.context.nowMs();
    } catch (error) {
      this.noted('read', error);
    }
    this.caller.tell({ kind: 'release', reader });
  }

  /** Follows the log from its first record on for as long as the page lives. */
  async tail(): Promise<void> {
    const fact = this.history.tail(this.client);
    while (!this.isOver) {
      try {
        await this.#follow(fact);
      } catch (error) {
        this.noted('tail', error);
        fact.hasLagged = isVarveError(error, 'READER_LAGGED') || isVarveError(error, 'TRIMMED');
        if (fact.hasLagged) return;
        await new Promise<void>((resolve) => this.context.after(100, resolve));
      }
    }
  }

  checkpoint(): Promise<void> {
    return this.attempt('checkpoint', async () => {
      const { lastLsn } = await this.caller.call('status');
      await this.caller.call('checkpoint', new Uint8Array([lastLsn & 0xff]), lastLsn);
      this.history.checkpointed(lastLsn);
    });
  }

  async status(): Promise<void> {
    await this.attempt('status', async () => {
      const { role, lastLsn } = await this.caller.call('status');
      this.role = role;
      this.lastLsn = Math.max(this.lastLsn, lastLsn);
    });
  }

  protected override async openStore(name: string, request: object): Promise<void> {
    const { status } = await this.caller.call('open', name, request as OpenRequest);
    this.role = status.role;
    this.lastLsn = status.lastLsn;
  }

  protected override async parkStore(): Promise<void> {
    await this.caller.call('park');
  }

  protected override ended(error: VarveError): void {
    const refusal = withOutcome(error, 'not-written');
    for (const { fact } of this.#queue.splice(0))
      this.history.refused(fact, refusal, this.context.nowMs());
  }

  protected override heard(message: ToClient): void {
    if (message.kind !== 'status') return;
    this.role = message.status.role;
    for (const { type } of message.events) this.history.event(type);
  }

  override async close(): Promise<void> {
    await this.attempt('close', () => this.caller.call('close'));
    this.end(new VarveError('CLOSED'));
  }

  async #follow(fact: TailFact): Promise<void> {
    const reader = this.caller.newId();
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
        const chunk: ChunkMessage = await this.caller.ask<'chunk'>(
          asked,
          isDry ? Infinity : DEADLINE_MS,
        );
        isDry = chunk.done;
        this.history.tailed(fact, await this.#recordsIn(chunk), this.context.nowMs());
      }
    } finally {
      this.caller.tell({ kind: 'release', reader });
    }
  }

  #recordsIn(chunk: Records): Promise<SeenRecord[]> {
    return recordsIn(chunk, async (lsn) => {
      const unit = { kind: 'unit', lsn, at: 0, maxBytes: MESSAGE_BYTES_MAX } as const;
      return (await this.caller.ask<'bytes'>(unit)).bytes;
    });
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
      const answer = await this.caller.ask<'appended'>(
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
          this.history.refused(fact, fromWire(refusal) as VarveError, this.context.nowMs());
          return;
        }
        next = groupLsns?.[index] ?? next;
        this.history.acknowledged(fact, next, this.context.nowMs());
        next += fact.records;
        this.lastLsn = Math.max(this.lastLsn, next - 1);
      });
    } catch (error) {
      const failure = this.known(error, 'append');
      const known = withOutcome(failure, failure.outcome ?? 'unknown');
      for (const { fact } of groups) this.history.refused(fact, known, this.context.nowMs());
    }
    this.#inFlight--;
    this.#pump();
  }
}

/**
 * Reading for a context that can own no store: through whoever leads it, or else from its files.
 *
 * Always true:
 * - what is served was durable, and verified where it was read
 * - a leader that is there and answers is asked first; from the files it is read when the store's lock
 *   is free, or who holds it was not heard for `leaderTimeoutMs`
 * - whatever is asked is asked whole of one of the two
 */
import type { FolderlessHost, ViewingHost } from '@varve/files';
import { readUnitDescriptor, ViewedStore } from '@varve/journal/viewing';
import { newRecordFrame, readRecordFrame, RecordFlag, VarveError } from '@varve/protocol';
import type { ChunkMessage, ReadMessage, UnitBytesMessage, UnitMessage } from '@varve/protocol';
import { isAbsence, LeaderLine } from './leader-line.ts';
import { lockName } from './leadership.ts';
import type { LogRelay } from './log-relay.ts';
import { recordsOf } from './records.ts';

export type ReadingHost = ViewingHost & Required<Pick<FolderlessHost, 'channels'>>;

/** Numbers of readers that serve one call; below are those of this context's iterators. */
const FIRST_READER = 2 ** 32;

/** What there is to know of a record without its bytes. */
export interface RecordFacts {
  readonly lsn: number;
  readonly type: number;
  readonly channel: number;
  readonly timeMs: number;
  /** Of its value, as it is stored. */
  readonly bytes: number;
}

export class Reading {
  readonly #host: ReadingHost;
  readonly #name: string;
  readonly #leader: LeaderLine;
  readonly #viewed: ViewedStore;
  #looking: Promise<boolean> | undefined;
  #lastReader = FIRST_READER;

  /** @throws BAD_ARGUMENT */
  constructor(host: ReadingHost, name: string, leaderTimeoutMs: number) {
    this.#host = host;
    this.#name = name;
    this.#viewed = new ViewedStore(host, name, () => this.#isFree());
    this.#leader = new LeaderLine(host, name, { durability: 'strict', leaderTimeoutMs });
  }

  async read(message: ReadMessage): Promise<ChunkMessage> {
    const durable = { ...message, visibility: 'durable' } as const;
    return this.#ask(
      (relay) => relay.read(durable),
      async () => {
        const { after, before, reverse = false, maxBytes, id } = durable;
        const chunk = await this.#viewed.readChunk({
          after,
          reverse,
          maxBytes,
          ...(before !== undefined && { before }),
        });
        return { kind: 'chunk', id, done: chunk.done, ...recordsOf(chunk, reverse) };
      },
    );
  }

  /** Undefined: there is none that is durable. @throws TRIMMED, CORRUPT */
  async facts(lsn: number): Promise<RecordFacts | undefined> {
    const reader = ++this.#lastReader;
    const chunk = await this.read({
      kind: 'read',
      id: 0,
      reader,
      after: lsn - 1,
      before: lsn + 1,
      maxBytes: 1,
    }).finally(() => this.release(reader));
    const [run] = chunk.runs;
    if (run === undefined) return undefined;
    const { bytes } = chunk;
    const frame = newRecordFrame();
    const isFramed = readRecordFrame(bytes, 0, bytes.length, frame) >= 0;
    const isExternal = (frame.flags & RecordFlag.External) !== 0;
    const unit = isExternal ? readUnitDescriptor(bytes, frame.payloadStart) : undefined;
    if (!isFramed || (isExternal && unit === undefined)) {
      throw new VarveError('CORRUPT', 'a malformed record', { facts: { from: lsn, to: lsn } });
    }
    const { type, channel, payloadStart, payloadEnd } = frame;
    const length = unit?.bytes ?? payloadEnd - payloadStart;
    return { lsn, type, channel, timeMs: run.wallTimeMs, bytes: length };
  }

  /** Of a record that was seen to be durable. */
  async unit(message: UnitMessage): Promise<UnitBytesMessage> {
    const { id, lsn, at, maxBytes } = message;
    return this.#ask(
      (relay) => relay.unit(message),
      async () => ({ kind: 'bytes', id, ...(await this.#viewed.readPiece(lsn, at, maxBytes)) }),
    );
  }

  /** What tells this store from any other of its name. */
  lineageId(): Promise<string> {
    return this.#viewed.lineageId();
  }

  release(reader: number): void {
    this.#leader.release(reader);
  }

  close(): void {
    this.#leader.close(closed());
    this.#viewed.forget();
  }

  async #ask<T>(
    fromLeader: (relay: LogRelay) => Promise<T>,
    fromFiles: () => Promise<T>,
  ): Promise<T> {
    if (this.#leader.isClosed) throw closed();
    if (!(await this.#isFree())) {
      try {
        return await this.#leader.ask(({ relay }) => fromLeader(relay));
      } catch (error) {
        if (this.#leader.isClosed || !isAbsence(error)) throw error;
      }
    }
    return fromFiles();
  }

  #isFree(): Promise<boolean> {
    this.#looking ??= this.#host.isFree(lockName(this.#name)).finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }
}

const closed = (): VarveError => new VarveError('CLOSED');

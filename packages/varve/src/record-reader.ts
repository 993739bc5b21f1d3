/**
 * Reads records from the engine, chunk by chunk: what `read`, `tail`, `get` and `replay` stand on.
 *
 * Always true:
 * - records come once each and in order; at most one chunk is read ahead
 * - the engine holds history for this reader until it ends: by its end, an error, `return` or the signal
 * - a tail asks for more only when it has given out what it had: it is never flooded
 */
import { MESSAGE_BYTES_MAX, RecordFlag, VarveError } from '@varve/protocol';
import type { ChunkMessage } from '@varve/protocol';
import { aborted } from './abort.ts';
import type { Entry, ReadOptions } from './api.ts';
import { ChunkCursor } from './chunk-cursor.ts';
import type { DataLink } from './data-link.ts';
import type { EntryCoder } from './entry-coder.ts';

const CHUNK_FIRST_BYTES = 64 * 1024;
const CHUNK_MAX_BYTES = 1024 * 1024;

type Result<T> = IteratorResult<Entry<T>, undefined>;

const END = { done: true, value: undefined } as const;

export class RecordReader<T> implements AsyncIterableIterator<Entry<T>> {
  readonly #link: DataLink;
  readonly #coder: EntryCoder<T>;
  readonly #options: ReadOptions;
  readonly #isTail: boolean;
  readonly #id: number;
  readonly #abort: () => void;
  readonly #onEnd: (reader: RecordReader<T>) => void;
  #cursor: ChunkCursor | undefined;
  #ahead: Promise<ChunkMessage> | undefined;
  /** Set while `next` waits for the engine; calls that come meanwhile line up behind it. */
  #filling: Promise<void> | undefined;
  #after: number;
  #before: number | undefined;
  #left: number;
  #maxBytes = CHUNK_FIRST_BYTES;
  /** The engine has nothing more, as of the last chunk. */
  #isDry = false;
  #isEnded = false;
  #error: Error | undefined;

  constructor(
    link: DataLink,
    coder: EntryCoder<T>,
    options: ReadOptions,
    isTail: boolean,
    onEnd: (reader: RecordReader<T>) => void,
  ) {
    this.#onEnd = onEnd;
    this.#link = link;
    this.#coder = coder;
    this.#options = options;
    this.#isTail = isTail;
    this.#id = link.nextId();
    this.#after = options.after ?? 0;
    this.#before = options.before;
    this.#left = options.limit ?? Infinity;
    const { signal } = options;
    this.#abort = () => this.stop(isTail ? undefined : aborted(signal!));
    signal?.addEventListener('abort', this.#abort);
    if (signal?.aborted) this.#abort();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result<T>> {
    if (this.#filling) return this.#filling.then(() => this.next());
    try {
      const entry = this.#take();
      if (entry instanceof Promise) return entry.then((value) => ({ done: false, value }));
      if (entry) return Promise.resolve({ done: false, value: entry });
    } catch (error) {
      this.#end();
      return Promise.reject(error);
    }
    if (this.#isEnded) return this.#last();
    this.#filling = this.#fill().finally(() => (this.#filling = undefined));
    return this.#filling.then(() => this.next());
  }

  return(): Promise<Result<T>> {
    this.#end();
    return Promise.resolve(END);
  }

  /** Ends it from outside; whoever iterates hears `error`, or just the end. */
  stop(error: Error | undefined): void {
    if (this.#isEnded) return;
    this.#error = error;
    this.#end();
  }

  /** The error is told once; after it there is only the end. */
  #last(): Promise<Result<T>> {
    const error = this.#error;
    this.#error = undefined;
    return error ? Promise.reject(error) : Promise.resolve(END);
  }

  /** The next record of the current chunk that was asked for. */
  #take(): Entry<T> | Promise<Entry<T>> | undefined {
    const cursor = this.#cursor;
    if (cursor === undefined) return undefined;
    const { type, channel } = this.#options;
    while (!this.#isEnded && this.#left > 0 && cursor.next()) {
      const { frame, lsn, timeMs } = cursor;
      if (this.#options.reverse) this.#before = lsn;
      else this.#after = lsn;
      if (type !== undefined && frame.type !== type) continue;
      if (channel !== undefined && frame.channel !== channel) continue;
      if (--this.#left === 0) this.#end();
      if ((frame.flags & RecordFlag.External) !== 0) {
        const { type: itsType, channel: itsChannel } = frame;
        return readWhole(this.#link, lsn).then((bytes) =>
          this.#coder.decode(bytes, lsn, itsType, itsChannel, timeMs),
        );
      }
      const payload = cursor.bytes.subarray(frame.payloadStart, frame.payloadEnd);
      return this.#coder.decode(payload, lsn, frame.type, frame.channel, timeMs);
    }
    this.#cursor = undefined;
    return undefined;
  }

  async #fill(): Promise<void> {
    try {
      if (this.#left === 0 || (this.#isDry && !this.#isTail)) return this.#end();
      const chunk = await (this.#ahead ?? this.#ask());
      this.#ahead = undefined;
      this.#isDry = chunk.done;
      if (this.#isEnded) return;
      this.#cursor = new ChunkCursor(chunk, this.#options.reverse === true);
      const last = chunk.runs.at(-1);
      if (!chunk.done && last && this.#left === Infinity) {
        this.#ahead = this.#askBeyond(last.firstLsn, last.firstLsn + last.count - 1);
      }
    } catch (error) {
      // What ends a reader that was told to end is no error.
      if (!this.#isEnded) this.#error = error as Error;
      this.#end();
    }
  }

  #askBeyond(firstLsn: number, lastLsn: number): Promise<ChunkMessage> {
    const ahead = this.#options.reverse
      ? this.#ask(this.#after, firstLsn)
      : this.#ask(lastLsn, this.#before);
    // If nobody comes for it any more, its failure is nobody's.
    ahead.catch(() => undefined);
    return ahead;
  }

  #ask(after = this.#after, before = this.#before): Promise<ChunkMessage> {
    const { reverse, visibility } = this.#options;
    const maxBytes = this.#maxBytes;
    this.#maxBytes = Math.min(maxBytes * 2, CHUNK_MAX_BYTES);
    const wait = this.#isTail && this.#isDry;
    return this.#link.request(
      {
        kind: 'read',
        id: this.#link.nextId(),
        reader: this.#id,
        after,
        maxBytes,
        wait,
        ...(before !== undefined && { before }),
        ...(reverse && { reverse }),
        ...(visibility && { visibility }),
      },
      [],
      wait ? Infinity : undefined,
    );
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#options.signal?.removeEventListener('abort', this.#abort);
    this.#link.post({ kind: 'release', reader: this.#id });
    this.#onEnd(this);
  }
}

/** A record's bytes, however long it is. */
export async function* readPieces(link: DataLink, lsn: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (;;) {
    const { bytes, done } = await link.request({
      kind: 'unit',
      id: link.nextId(),
      lsn,
      at,
      maxBytes: CHUNK_MAX_BYTES,
    });
    if (bytes.length > 0) yield bytes;
    if (done) return;
    at += bytes.length;
  }
}

/** All pieces put together. @throws RECORD_TOO_LARGE */
export async function readWhole(link: DataLink, lsn: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of readPieces(link, lsn)) {
    length += piece.length;
    if (length > MESSAGE_BYTES_MAX) {
      throw new VarveError('RECORD_TOO_LARGE', 'getStream(lsn) reads records of this size', {
        facts: { lsn, limitBytes: MESSAGE_BYTES_MAX },
      });
    }
    pieces.push(piece);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

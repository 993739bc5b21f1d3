/**
 * Reads records from the engine, chunk by chunk: what `read`, `tail`, `get` and `replay` stand on.
 *
 * Always true:
 * - records come once each and in order; at most one chunk is read ahead
 * - the engine holds history for this reader until it ends: by its end, an error, `return` or the signal
 * - a tail asks for more only when it has given out what it had: it is never flooded
 */
import { MESSAGE_BYTES_MAX, VarveError } from '@varve/protocol';
import type { ChunkMessage } from '@varve/protocol';
import { aborted } from './abort.ts';
import type { Entry, ReadOptions } from './api.ts';
import { chunkCursor } from './chunk-cursor.ts';
import type { ChunkCursor } from './chunk-cursor.ts';
import type { DataLink } from './data-link.ts';
import type { EntryCoder } from './entry-coder.ts';

const CHUNK_FIRST_BYTES = 64 * 1024;
const CHUNK_MAX_BYTES = 1024 * 1024;

type Result<T> = IteratorResult<Entry<T>, undefined>;

const END = { done: true, value: undefined } as const;

/** What is used of a link to an engine. */
export type ReadLink = Pick<DataLink, 'nextId' | 'request' | 'post'>;

export interface RecordReader<T> extends AsyncIterableIterator<Entry<T>> {
  /** Ends it from outside; whoever iterates hears `error`, or just the end. */
  stop(error?: Error): void;
}

export function recordReader<T>(
  link: ReadLink,
  coder: EntryCoder<T>,
  only: ReadOptions,
  isTail: boolean,
  onEnd: (reader: RecordReader<T>) => void,
): RecordReader<T> {
  const reverse = !!only.reverse;
  const { visibility, signal, limit = Infinity } = only;
  let { after = 0, before } = only;
  /** Records given out. Counted up: an infinity counted down would be a new number every time. */
  let given = 0;
  const id = link.nextId();
  let cursor: ChunkCursor | undefined;
  let ahead: Promise<ChunkMessage> | undefined;
  /** Set while `next` waits for the engine; calls that come meanwhile line up behind it. */
  let filling: Promise<void> | undefined;
  let maxBytes = CHUNK_FIRST_BYTES;
  /** The engine has nothing more, as of the last chunk. */
  let isDry = false;
  let isEnded = false;
  let failure: Error | undefined;

  const abort = (): void => stop(isTail ? undefined : aborted(signal!));
  const reader: RecordReader<T> = {
    [Symbol.asyncIterator]: () => reader,
    next,
    return() {
      end();
      return Promise.resolve(END);
    },
    stop,
  };
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  return reader;

  function next(): Promise<Result<T>> {
    if (filling) return filling.then(next);
    try {
      const entry = take();
      if (entry instanceof Promise) return entry.then((value) => ({ done: false, value }));
      if (entry) return Promise.resolve({ done: false, value: entry });
    } catch (error) {
      end();
      return Promise.reject(error);
    }
    if (isEnded) return last();
    filling = fill().finally(() => (filling = undefined));
    return filling.then(next);
  }

  function stop(error?: Error): void {
    if (isEnded) return;
    failure = error;
    end();
  }

  /** The error is told once; after it there is only the end. */
  function last(): Promise<Result<T>> {
    const error = failure;
    failure = undefined;
    return error ? Promise.reject(error) : Promise.resolve(END);
  }

  /** The next record of the current chunk that was asked for. */
  function take(): Entry<T> | Promise<Entry<T>> | undefined {
    while (!isEnded && given < limit && cursor?.next()) {
      const { lsn, type, channel, timeMs } = cursor;
      if (reverse) before = lsn;
      else after = lsn;
      if (only.type !== undefined && only.type !== type) continue;
      if (only.channel !== undefined && only.channel !== channel) continue;
      if (++given === limit) end();
      const payload = cursor.payload();
      return payload
        ? coder.decode(payload, lsn, type, channel, timeMs)
        : readWhole(link, lsn).then((bytes) => coder.decode(bytes, lsn, type, channel, timeMs));
    }
    cursor = undefined;
    return undefined;
  }

  async function fill(): Promise<void> {
    try {
      if (given === limit || (isDry && !isTail)) return end();
      const chunk = await (ahead ?? ask(after, before));
      ahead = undefined;
      isDry = chunk.done;
      if (isEnded) return;
      cursor = chunkCursor(chunk, reverse);
      const run = chunk.runs.at(-1);
      if (isDry || !run || limit < Infinity) return;
      ahead = reverse ? ask(after, run.firstLsn) : ask(run.firstLsn + run.count - 1, before);
      // If nobody comes for it any more, its failure is nobody's.
      ahead.catch(() => undefined);
    } catch (error) {
      // What ends a reader that was told to end is no error.
      stop(error as Error);
    }
  }

  function ask(from: number, to: number | undefined): Promise<ChunkMessage> {
    const wait = isTail && isDry;
    const bytes = maxBytes;
    maxBytes = Math.min(2 * bytes, CHUNK_MAX_BYTES);
    return link.request(
      {
        kind: 'read',
        reader: id,
        after: from,
        before: to,
        reverse,
        visibility,
        maxBytes: bytes,
        wait,
      },
      [],
      wait ? Infinity : undefined,
    );
  }

  function end(): void {
    if (isEnded) return;
    isEnded = true;
    signal?.removeEventListener('abort', abort);
    link.post({ kind: 'release', reader: id });
    onEnd(reader);
  }
}

/** A record's bytes, however long it is. */
export async function* readPieces(link: ReadLink, lsn: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; ;) {
    const { bytes, done } = await link.request({
      kind: 'unit',
      lsn,
      at,
      maxBytes: CHUNK_MAX_BYTES,
    });
    if (bytes.length > 0) yield bytes;
    if (done) return;
    at += bytes.length;
  }
}

/** A record's bytes in one piece. @throws RECORD_TOO_LARGE */
export async function readWhole(link: ReadLink, lsn: number): Promise<Uint8Array> {
  const limitBytes = MESSAGE_BYTES_MAX;
  const { bytes, done } = await link.request({ kind: 'unit', lsn, at: 0, maxBytes: limitBytes });
  if (done) return bytes;
  const facts = { lsn, limitBytes };
  throw new VarveError('RECORD_TOO_LARGE', 'getStream(lsn) takes more', { facts });
}

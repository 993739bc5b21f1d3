/**
 * Reading where no store can be owned: in a service worker, while no tab lives, or in a page without
 * OPFS access handles.
 *
 * Always true:
 * - importing it touches nothing: it may stand at the head of any script
 * - it starts no worker, loads nothing, and writes nothing
 * - every call ends by its deadline
 */
import { openReading } from '@varve/engine/reading';
import { VarveError, checkArgument, checkCount } from '@varve/protocol';
import type { ReadMessage, UnitMessage } from '@varve/protocol';
import { newCalls } from './calls.ts';
import { structuredCodec } from './codec/index.ts';
import { entryCoder } from './entry-coder.ts';
import { checkName } from './options.ts';
import type { LogReader, ReaderOptions } from './reader-api.ts';
import { type ReadLink, type RecordReader, recordReader } from './record-reader.ts';
import { pullStream } from './streams.ts';

export type { Codec, Entry, ReadOptions, StandardSchema } from './api.ts';
export type {
  LogReader,
  ReaderOptions,
  RecordInfo,
  ResponseOptions,
  StreamRange,
} from './reader-api.ts';
export { bytesCodec } from './codec/index.ts';
export { recordResponse } from './record-response.ts';
export { VarveError, isVarveError } from '@varve/protocol';
export type { ErrorCode, Facts, Outcome } from '@varve/protocol';

const LEADER_TIMEOUT_MS = 2_000;
const DEADLINE_MS = 10_000;
const PIECE_BYTES = 1024 * 1024;

/** @throws BAD_ARGUMENT, CONTEXT_UNSUPPORTED */
export async function openReader<T = unknown>(
  name: string,
  options: ReaderOptions<T> = {},
): Promise<LogReader<T>> {
  checkName(name);
  checkArgument(typeof options === 'object' && options !== null, 'options', 'an object');
  const { leaderTimeoutMs = LEADER_TIMEOUT_MS, deadlineMs = DEADLINE_MS } = options;
  const { codec = structuredCodec() as NonNullable<typeof options.codec> } = options;
  checkCount(leaderTimeoutMs, 'leaderTimeoutMs', 1);
  checkCount(deadlineMs, 'deadlineMs', 1);
  const reading = openReading(name, leaderTimeoutMs);
  const coder = entryCoder(codec, options);
  const calls = newCalls(deadlineMs);
  const readers = new Set<RecordReader<T>>();
  let lastId = 0;

  const inTime = <R>(work: () => Promise<R>): Promise<R> =>
    calls.run((resolve, reject) => void work().then(resolve, reject));

  const link = {
    nextId: () => ++lastId,
    request: (message: Omit<ReadMessage, 'id'> | Omit<UnitMessage, 'id'>) =>
      inTime<unknown>(() =>
        message.kind === 'read'
          ? reading.read({ ...message, id: 0 })
          : reading.unit({ ...message, id: 0 }),
      ),
    post: (message) => {
      if (message.kind === 'release') reading.release(message.reader);
    },
  } as ReadLink;

  const reader: LogReader<T> = {
    name,

    async get(lsn) {
      checkCount(lsn, 'lsn', 1);
      const { done, value } = await reader.read({ after: lsn - 1, before: lsn + 1 }).next();
      return done ? undefined : value;
    },

    read(only = {}) {
      if (!calls.isOpen()) throw new VarveError('CLOSED');
      const one = recordReader<T>(link, coder, only, false, (ended) => readers.delete(ended));
      readers.add(one);
      return one;
    },

    getStream: (lsn, range = {}) => pullStream(pieces(lsn, range), range.signal),

    async info(lsn) {
      checkCount(lsn, 'lsn', 1);
      const facts = await inTime(() => reading.facts(lsn));
      if (!facts) return undefined;
      const lineage = await inTime(() => reading.lineageId());
      return { ...facts, etag: `"${lineage}-${lsn}"` };
    },

    close() {
      const error = new VarveError('CLOSED');
      calls.end(error);
      for (const one of readers) one.stop(error);
      reading.close();
    },
  };
  return reader;

  async function* pieces(
    lsn: number,
    { start = 0, end = Infinity }: { readonly start?: number; readonly end?: number },
  ): AsyncGenerator<Uint8Array> {
    checkCount(start, 'start');
    if (end !== Infinity) checkCount(end, 'end', start);
    const info = await reader.info(lsn);
    if (!info) throw new VarveError('NOT_FOUND', undefined, { facts: { lsn } });
    const last = Math.min(end, info.bytes);
    for (let at = start; at < last;) {
      const maxBytes = Math.min(PIECE_BYTES, last - at);
      const from = at;
      const { bytes } = await inTime(() =>
        reading.unit({ kind: 'unit', id: 0, lsn, at: from, maxBytes }),
      );
      if (bytes.length === 0) throw new VarveError('CORRUPT', 'a record is shorter than it says');
      // The leader gives at least a fragment; whoever asked for a range gets no more.
      yield bytes.length > maxBytes ? bytes.subarray(0, maxBytes) : bytes;
      at += bytes.length;
    }
  }
}

/**
 * A record as an answer to a request, whole or in part: what a service worker gives to `respondWith`.
 *
 * Always true:
 * - it resolves with an answer, whatever happens to the record; only arguments that are wrong reject
 * - the first piece of the body was verified before the answer is given: damage there is an answer
 *   without a byte of it, and damage behind it ends the body with an error
 */
import { VarveError, asVarveError, checkArgument } from '@varve/protocol';
import type { ErrorCode } from '@varve/protocol';
import type { LogReader, RecordInfo, ResponseOptions } from './reader-api.ts';

/** Header that tells the error's code. */
const ERROR_HEADER = 'Varve-Error';

const STATUS: Partial<Record<ErrorCode, number>> = {
  NOT_FOUND: 404,
  TRIMMED: 410,
  READER_LAGGED: 410,
  STORE_BUSY: 503,
  TIMEOUT: 503,
  OVERLOADED: 503,
  LEADER_UNRESPONSIVE: 503,
  LEADER_LOST: 503,
  CLOSED: 503,
};

interface Range {
  readonly start: number;
  /** The byte after the last. */
  readonly end: number;
}

/**
 * Answers `request` (GET or HEAD) with the bytes of the record at `lsn`, as they are stored: of a
 * stream, or of a log of bytes. 200, 206 for one range, 304, 404, 405, 410 (trimmed), 416; 500 for
 * damage and whatever else is not as it should be, 503 for what may pass; of errors the header
 * `Varve-Error` has the code.
 * @throws BAD_ARGUMENT
 */
export async function recordResponse(
  reader: Pick<LogReader<unknown>, 'info' | 'getStream'>,
  lsn: number,
  request: Request,
  { contentType = 'application/octet-stream', headers: given }: ResponseOptions = {},
): Promise<Response> {
  checkArgument(typeof contentType === 'string', 'contentType', 'a string');
  const headers = new Headers(given);
  headers.set('X-Content-Type-Options', 'nosniff');
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    headers.set('Allow', 'GET, HEAD');
    return new Response(null, { status: 405, headers });
  }
  try {
    const info = await reader.info(lsn);
    if (!info) throw new VarveError('NOT_FOUND');
    return await answer(reader, info, request, contentType, headers);
  } catch (cause) {
    const error = asVarveError(cause);
    if (error.code === 'BAD_ARGUMENT') throw error;
    const status = STATUS[error.code] ?? 500;
    const told = new Headers({ [ERROR_HEADER]: error.code, 'Cache-Control': 'no-store' });
    if (status === 503) told.set('Retry-After', '1');
    return new Response(null, { status, headers: told });
  }
}

async function answer(
  reader: Pick<LogReader<unknown>, 'getStream'>,
  { lsn, bytes, etag }: RecordInfo,
  { method, headers: asked, signal }: Request,
  contentType: string,
  headers: Headers,
): Promise<Response> {
  headers.set('ETag', etag);
  headers.set('Accept-Ranges', 'bytes');
  if (matches(asked.get('If-None-Match'), etag))
    return new Response(null, { status: 304, headers });
  const ifRange = asked.get('If-Range');
  // Ranges are defined for GET alone.
  const isRanged = method === 'GET' && (ifRange === null || ifRange === etag);
  const range = isRanged ? rangeOf(asked.get('Range'), bytes) : undefined;
  if (range === 'unsatisfiable') {
    headers.set('Content-Range', `bytes */${bytes}`);
    return new Response(null, { status: 416, headers });
  }
  const { start, end } = range ?? { start: 0, end: bytes };
  headers.set('Content-Type', contentType);
  headers.set('Content-Length', String(end - start));
  if (range) headers.set('Content-Range', `bytes ${start}-${end - 1}/${bytes}`);
  const init = { status: range ? 206 : 200, headers };
  if (method === 'HEAD') return new Response(null, init);
  return new Response(await begun(reader.getStream(lsn, { start, end, signal })), init);
}

/** The same stream, of which the first piece is there. */
async function begun(stream: ReadableStream<Uint8Array>): Promise<ReadableStream<Uint8Array>> {
  const source = stream.getReader();
  let first: ReadableStreamReadResult<Uint8Array> | undefined = await source.read();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = first ?? (await source.read());
        first = undefined;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => source.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

const matches = (given: string | null, etag: string): boolean =>
  given !== null &&
  given.split(',').some((each) => each.trim() === '*' || each.trim().replace(/^W\//, '') === etag);

/** Undefined: the whole. More than one range, and what is none, may be answered so. */
function rangeOf(given: string | null, bytes: number): Range | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(given ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), bytes);
    return length === 0 ? 'unsatisfiable' : { start: bytes - length, end: bytes };
  }
  const start = Number(first);
  const end = last === '' ? bytes : Math.min(Number(last) + 1, bytes);
  if (last !== '' && Number(last) < start) return undefined;
  return start >= bytes ? 'unsatisfiable' : { start, end };
}

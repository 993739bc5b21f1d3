/** A record as the answer to a request, by what the request asks for. */
import { VarveError } from '@varve/protocol';
import type { ErrorCode } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import type { LogReader, StreamRange } from './reader-api.ts';
import { recordResponse } from './record-response.ts';

const VALUE = Uint8Array.from({ length: 1_000 }, (_, index) => index % 251);
const ETAG = '"lineage-7"';

type Reader = Pick<LogReader<unknown>, 'info' | 'getStream'>;

const info = { lsn: 7, type: 64, channel: 0, timeMs: 0, bytes: VALUE.length, etag: ETAG };

/** Gives 100 bytes at a time; fails before byte `failsAt`. */
function readerOf(failsAt = Infinity, code: ErrorCode = 'CORRUPT'): Reader {
  return {
    info: async (lsn) => (lsn === 7 ? info : undefined),
    getStream(_, { start = 0, end = VALUE.length }: StreamRange = {}) {
      let at = start;
      return new ReadableStream(
        {
          pull(controller) {
            if (at >= failsAt) return controller.error(new VarveError(code));
            if (at >= end) return controller.close();
            const next = Math.min(at + 100, end);
            controller.enqueue(VALUE.subarray(at, next));
            at = next;
          },
        },
        { highWaterMark: 0 },
      );
    },
  };
}

const ask = (headers: Record<string, string> = {}, method = 'GET'): Request =>
  new Request('https://example.org/7', { method, headers });

const answerTo = (request: Request, reader = readerOf()): Promise<Response> =>
  recordResponse(reader, 7, request, { contentType: 'video/webm' });

const bytesOf = async (response: Response): Promise<Uint8Array> =>
  new Uint8Array(await response.arrayBuffer());

test('the whole: 200, with all that a player needs to ask for parts', async () => {
  const response = await answerTo(ask());
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toEqual({
    'accept-ranges': 'bytes',
    'content-length': '1000',
    'content-type': 'video/webm',
    etag: ETAG,
    'x-content-type-options': 'nosniff',
  });
  expect(await bytesOf(response)).toEqual(VALUE);
});

test.each([
  ['bytes=0-0', 0, 1],
  ['bytes=0-', 0, 1_000],
  ['bytes=990-', 990, 1_000],
  ['bytes=-10', 990, 1_000],
  ['bytes=-5000', 0, 1_000],
  ['bytes=150-349', 150, 350],
  ['bytes=999-999999', 999, 1_000],
])('%s: 206 with those bytes alone', async (range, start, end) => {
  const response = await answerTo(ask({ Range: range }));
  expect(response.status).toBe(206);
  expect(response.headers.get('Content-Range')).toBe(`bytes ${start}-${end - 1}/1000`);
  expect(response.headers.get('Content-Length')).toBe(String(end - start));
  expect(await bytesOf(response)).toEqual(VALUE.subarray(start, end));
});

test.each(['bytes=1000-', 'bytes=4000-5000', 'bytes=-0'])('%s: 416 and the size', async (range) => {
  const response = await answerTo(ask({ Range: range }));
  expect(response.status).toBe(416);
  expect(response.headers.get('Content-Range')).toBe('bytes */1000');
  expect(await bytesOf(response)).toEqual(new Uint8Array());
});

test.each(['bytes=5-4', 'bytes=-', 'bytes=a-b', 'items=0-5', 'bytes=0-1,5-6'])(
  '%s is no range that is answered in part: 200',
  async (range) => {
    expect((await answerTo(ask({ Range: range }))).status).toBe(200);
  },
);

test.each([
  [ETAG, 206],
  ['"another-7"', 200],
  [`W/${ETAG}`, 200],
  ['Wed, 21 Oct 2015 07:28:00 GMT', 200],
])('If-Range %s: %i', async (ifRange, status) => {
  const response = await answerTo(ask({ Range: 'bytes=0-9', 'If-Range': ifRange }));
  expect(response.status).toBe(status);
});

test('If-None-Match: 304 for the same, the whole for another', async () => {
  expect((await answerTo(ask({ 'If-None-Match': `"x", W/${ETAG}` }))).status).toBe(304);
  expect((await answerTo(ask({ 'If-None-Match': '"x"' }))).status).toBe(200);
});

test('HEAD: the headers of the whole and no byte; other methods: 405', async () => {
  const head = await answerTo(ask({ Range: 'bytes=0-9' }, 'HEAD'), readerOf(0));
  expect([head.status, head.headers.get('Content-Length')]).toEqual([200, '1000']);
  expect(head.body).toBeNull();
  const post = await answerTo(ask({}, 'POST'));
  expect([post.status, post.headers.get('Allow')]).toEqual([405, 'GET, HEAD']);
});

describe('what goes wrong is told by a status and a code, and no byte is served', () => {
  test.each([
    ['CORRUPT', 500],
    ['IO_ERROR', 500],
    ['STORE_LOST', 500],
    ['NOT_FOUND', 404],
    ['TRIMMED', 410],
    ['STORE_BUSY', 503],
    ['TIMEOUT', 503],
  ] as const)('%s: %i', async (code, status) => {
    const response = await answerTo(ask(), readerOf(0, code));
    expect(response.status).toBe(status);
    expect(response.headers.get('Varve-Error')).toBe(code);
    expect(response.headers.get('ETag')).toBeNull();
    expect(await bytesOf(response)).toEqual(new Uint8Array());
  });

  test('no such record: 404', async () => {
    const response = await recordResponse(readerOf(), 8, ask());
    expect([response.status, response.headers.get('Varve-Error')]).toEqual([404, 'NOT_FOUND']);
  });

  test('damage behind the first piece ends the body with the error', async () => {
    const response = await answerTo(ask(), readerOf(300));
    expect(response.status).toBe(200);
    await expect(response.arrayBuffer()).rejects.toThrow('CORRUPT');
  });

  test('a wrong argument rejects', async () => {
    const wrong: Reader = {
      ...readerOf(),
      info: () => Promise.reject(new VarveError('BAD_ARGUMENT')),
    };
    await expect(recordResponse(wrong, -1, ask())).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
  });
});

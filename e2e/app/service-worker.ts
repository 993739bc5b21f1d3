/**
 * A service worker that appends what it is told to, as one that hears of a push would, and answers
 * requests for `/record/<store>/<lsn>` with that record's bytes.
 */
import { bytesCodec, type LogReader, openReader, recordResponse } from 'varve/reader';
import { isVarveError, openAppender } from 'varve/service-worker';

/** What is used of the events; this folder is compiled with a page's types. */
interface Told extends MessageEvent<{ readonly store: string; readonly values: unknown[] }> {
  waitUntil(work: Promise<unknown>): void;
}

addEventListener('message', (event) => {
  const { data, ports, waitUntil } = event as Told;
  const [answer] = ports;
  const append = async (): Promise<unknown> => {
    const appender = await openAppender(data.store);
    const receipts = await Promise.all(data.values.map((value) => appender.append(value)));
    await appender.close();
    return receipts;
  };
  waitUntil.call(
    event,
    append()
      .catch((error: unknown) => (isVarveError(error) ? error.code : String(error)))
      .then((result) => answer?.postMessage(result)),
  );
});

/** What is used of it. */
interface Fetched extends Event {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
  waitUntil(work: Promise<unknown>): void;
}

const readers = new Map<string, Promise<LogReader<Uint8Array>>>();

function readerOf(store: string): Promise<LogReader<Uint8Array>> {
  const known = readers.get(store) ?? openReader(store, { codec: bytesCodec });
  readers.set(store, known);
  return known;
}

/** What players asked for, and what they were answered. */
const asked: { readonly range: string | null; readonly status: number }[] = [];

async function answer(request: Request, store: string, lsn: number): Promise<Response> {
  const contentType = new URL(request.url).searchParams.get('type') ?? 'application/octet-stream';
  const response = await recordResponse(await readerOf(store), lsn, request, { contentType });
  asked.push({ range: request.headers.get('Range'), status: response.status });
  return response;
}

/** The LSN and size of each record that is there, until the end or an error. */
async function list(store: string): Promise<Response> {
  const found: [lsn: number, bytes: number][] = [];
  try {
    for await (const { lsn, value } of (await readerOf(store)).read())
      found.push([lsn, value.length]);
  } catch (error) {
    return Response.json({ found, code: isVarveError(error) ? error.code : String(error) });
  }
  return Response.json({ found });
}

addEventListener('fetch', (event) => {
  const { request } = event as Fetched;
  const [, what, store = '', lsn] = new URL(request.url).pathname.split('/');
  const respond = (work: Promise<Response>): void => (event as Fetched).respondWith(work);
  if (what === 'record') respond(answer(request, store, Number(lsn)));
  else if (what === 'records') respond(list(store));
  else if (what === 'asked') respond(Promise.resolve(Response.json(asked)));
});

interface Own {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
}
const own = globalThis as object as Own;
addEventListener('install', () => void own.skipWaiting());
addEventListener('activate', (event) => (event as Fetched).waitUntil(own.clients.claim()));

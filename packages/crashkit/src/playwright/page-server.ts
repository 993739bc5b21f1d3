/**
 * Serves the app on one port for a whole run, and takes what its pages report.
 *
 * Always true:
 * - the port stays the same as long as the server lives: OPFS belongs to the origin, and the port is
 *   part of it
 * - everything is answered from this process, which no kill hits; a report that the kill cut short
 *   never happened
 * - with `killPoints` each worker script begins with the kill points, armed as the run is then
 * - WebSockets reach the upstream server: a dev server's client that finds none asks again and again,
 *   and may reload the page
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import { connect, type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectSecurely } from 'node:tls';
import { extname, join, normalize } from 'node:path';
import { scriptOf } from './in-page.ts';
import { installKillPoints, type InstallOptions, type StopAt } from './kill-point.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.map': 'application/json',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** A sandboxed frame has no origin, and module scripts ask. */
const CORS = { 'access-control-allow-origin': '*' };

const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
};

/** Below this path the server talks to the kit's own code. */
const ROOM = '/crashkit/';
export const PATHS = {
  parked: `${ROOM}parked`,
  issued: `${ROOM}issued`,
  acknowledged: `${ROOM}acknowledged`,
} as const;
export const CHANNEL = 'crashkit';
export const PROBE_PATH = `${ROOM}probe.js`;

export interface PageServerOptions {
  /** A folder with the built app, or … */
  readonly folder?: string;
  /** … the origin of a server that has it, e.g. `http://localhost:5173`. */
  readonly upstream?: string;
  /** Serve everything cross-origin isolated. */
  readonly isolated?: boolean;
  /** More headers for a path, e.g. a content security policy. */
  readonly headers?: (path: string) => Record<string, string>;
  /** Whether workers get kill points (default: yes). */
  readonly killPoints?: boolean;
}

type Take = (body: string) => void;

export class PageServer {
  readonly origin: string;
  /** Where workers that start from now on stop. */
  stop: StopAt | null = null;
  readonly #server: Server;
  readonly #options: PageServerOptions;
  readonly #takers = new Map<string, Take>();
  /** Both ends of every WebSocket: the server itself forgets them. */
  readonly #sockets = new Set<Duplex>();

  private constructor(server: Server, options: PageServerOptions) {
    this.#server = server;
    this.#options = options;
    this.origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  }

  static async start(options: PageServerOptions): Promise<PageServer> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, 'localhost', resolve);
    });
    const pages = new PageServer(server, options);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      pages.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      pages.#upgrade(request, socket, head),
    );
    return pages;
  }

  /** Hands what is posted to `path` to `take`; `undefined` forgets it again. */
  receive(path: string, take: Take | undefined): void {
    if (take === undefined) this.#takers.delete(path);
    else this.#takers.set(path, take);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', this.origin).pathname;
    if (request.method === 'POST' && path.startsWith(ROOM)) {
      const body = String(await bodyOf(request));
      this.#takers.get(path)?.(body);
      response.writeHead(204).end();
      return;
    }
    const headers = {
      'cache-control': 'no-store',
      ...CORS,
      ...(this.#options.isolated === true ? ISOLATION : {}),
      ...this.#options.headers?.(path),
    };
    const found = path === PROBE_PATH ? PROBE : await this.#find(request, path);
    const prefix = this.#isForWorker(request, path) ? this.#killPoints() : '';
    response.writeHead(found.status, { 'content-type': found.type, ...headers });
    response.end(
      prefix === '' ? found.content : Buffer.concat([Buffer.from(prefix), found.content]),
    );
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { upstream } = this.#options;
    if (upstream === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
      return;
    }
    const { protocol, hostname, port, host } = new URL(upstream);
    const there =
      protocol === 'https:'
        ? connectSecurely(Number(port || 443), hostname, { servername: hostname })
        : connect(Number(port || 80), hostname);
    const ends: [Duplex, Duplex][] = [
      [socket, there],
      [there, socket],
    ];
    for (const [from, to] of ends) {
      this.#sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      const [name, value] = request.rawHeaders.slice(at, at + 2) as [string, string];
      lines.push(`${name}: ${name.toLowerCase() === 'host' ? host : value}`);
    }
    there.write(`${lines.join('\r\n')}\r\n\r\n`);
    there.write(head);
    socket.pipe(there).pipe(socket);
  }

  async #find(request: IncomingMessage, path: string): Promise<Found> {
    const { folder, upstream } = this.#options;
    if (upstream !== undefined) return relay(request, upstream);
    try {
      const file = normalize(path.endsWith('/') ? `${path}index.html` : path);
      const content = await readFile(join(folder ?? '.', file));
      return { status: 200, type: TYPES[extname(file)] ?? 'application/octet-stream', content };
    } catch {
      return { status: 404, type: 'text/plain', content: Buffer.from('not found') };
    }
  }

  #isForWorker(request: IncomingMessage, path: string): boolean {
    const dest = request.headers['sec-fetch-dest'];
    const wanted = this.#options.killPoints !== false && path !== PROBE_PATH;
    return wanted && (dest === 'worker' || dest === 'sharedworker');
  }

  /** On the first line of the script, whose line numbers stay as they are. */
  #killPoints(): string {
    const { stop } = this;
    const options: InstallOptions = { stop, paths: PATHS, channel: CHANNEL };
    return scriptOf(installKillPoints, options);
  }
}

interface Found {
  readonly status: number;
  readonly type: string;
  readonly content: Buffer;
}

/** Holds one file open while it is asked whose process that is. */
const PROBE: Found = {
  status: 200,
  type: 'text/javascript',
  content: Buffer.from(`let root, name, handle;
const perform = async (wanted) => {
  if (wanted === '') {
    handle.close();
    await root.removeEntry(name);
    return;
  }
  name = wanted;
  root = await navigator.storage.getDirectory();
  const file = await root.getFileHandle(name, { create: true });
  handle = await file.createSyncAccessHandle();
  handle.write(new Uint8Array(4096));
  handle.flush();
};
onmessage = ({ data }) =>
  perform(data).then(() => postMessage('done'), (error) => postMessage(String(error)));
`),
};

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Of the connection, not of what is asked; `fetch` has its own. */
const HOP_HEADERS = new Set(['host', 'connection', 'content-length', 'accept-encoding', 'upgrade']);

/** A dev server answers by what the browser says of its request: `accept`, `sec-fetch-dest`, cookies. */
function headersOf(request: IncomingMessage): [string, string][] {
  return Object.entries(request.headers).flatMap(([name, value]) =>
    HOP_HEADERS.has(name) || value === undefined ? [] : [[name, String(value)]],
  );
}

async function relay(request: IncomingMessage, upstream: string): Promise<Found> {
  const { method = 'GET', url = '/' } = request;
  const body = method === 'GET' || method === 'HEAD' ? null : new Uint8Array(await bodyOf(request));
  const headers = headersOf(request);
  const answer = await fetch(new URL(url, upstream), { method, body, headers });
  const type = answer.headers.get('content-type') ?? 'application/octet-stream';
  return { status: answer.status, type, content: Buffer.from(await answer.arrayBuffer()) };
}

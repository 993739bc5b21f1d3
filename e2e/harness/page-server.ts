/**
 * Serves the built test app on one port for a whole run, and takes what the pages report.
 *
 * Always true: the port stays the same as long as the server lives, because OPFS belongs to the
 * origin and the port is part of it. Everything is answered from this process, which no kill hits.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import type { Report } from '../app/ack-channel.ts';
import { Ledger } from './ledger.ts';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.map': 'application/json',
  '.json': 'application/json',
};

/** A sandboxed frame has no origin, and module scripts ask. */
const CORS = { 'access-control-allow-origin': '*' };

const ISOLATION = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
};

export interface PageServerOptions {
  /** A folder with the built app. */
  readonly folder: string;
  /** Serve everything cross-origin isolated. */
  readonly isolated?: boolean;
  /** More headers for a path, e.g. a content security policy. */
  readonly headers?: (path: string) => Record<string, string>;
}

export class PageServer {
  readonly origin: string;
  readonly #server: Server;
  readonly #ledgers: Map<string, Ledger>;

  private constructor(server: Server, ledgers: Map<string, Ledger>) {
    this.#server = server;
    this.#ledgers = ledgers;
    this.origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  }

  static async start(options: PageServerOptions): Promise<PageServer> {
    const ledgers = new Map<string, Ledger>();
    const server = createServer((request, response) => {
      answer(request, response, options, ledgers).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, 'localhost', resolve);
    });
    return new PageServer(server, ledgers);
  }

  /** A new ledger and the paths by which a page writes into it. */
  openLedger(id: string): { ledger: Ledger; ackUrl: string; parkUrl: string } {
    const ledger = new Ledger();
    this.#ledgers.set(id, ledger);
    return { ledger, ackUrl: `/crash/ack/${id}`, parkUrl: `/crash/park/${id}` };
  }

  closeLedger(id: string): void {
    this.#ledgers.get(id)?.close();
    this.#ledgers.delete(id);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: PageServerOptions,
  ledgers: Map<string, Ledger>,
): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://localhost').pathname;
  const [, room, verb, id] = path.split('/');
  if (room === 'crash') {
    // A request that the kill cut short has no whole body; it then never happened.
    const body = await bodyOf(request);
    const ledger = ledgers.get(id ?? '');
    if (verb === 'ack') ledger?.take(JSON.parse(body) as Report);
    if (verb === 'park') ledger?.park(body);
    response.writeHead(204).end();
    return;
  }
  const headers = { ...(options.isolated ? ISOLATION : {}), ...options.headers?.(path) };
  const file = normalize(path === '/' ? '/index.html' : path);
  try {
    const content = await readFile(join(options.folder, file));
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, {
      'content-type': type,
      'cache-control': 'no-store',
      ...CORS,
      ...headers,
    });
    response.end(content);
  } catch {
    response.writeHead(404, headers).end('not found');
  }
}

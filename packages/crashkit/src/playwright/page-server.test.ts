/** WebSockets of a dev server, through the server of a run. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { PageServer, type PageServerOptions } from './page-server.ts';

const ACCEPTED = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n';

interface Upstream {
  readonly server: Server;
  readonly origin: string;
  readonly asked: { url: string | undefined; headers: IncomingHttpHeaders }[];
  readonly sockets: Duplex[];
}

/** Answers with what it is sent. */
async function upstream(): Promise<Upstream> {
  const server = createServer((_, response) => response.writeHead(404).end());
  const asked: Upstream['asked'] = [];
  const sockets: Duplex[] = [];
  server.on('upgrade', ({ url, headers }, socket, head) => {
    asked.push({ url, headers });
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write(ACCEPTED);
    socket.write(head);
    socket.pipe(socket);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { server, origin: `http://localhost:${port}`, asked, sockets };
}

async function served(options: PageServerOptions): Promise<PageServer> {
  const pages = await PageServer.start(options);
  onTestFinished(() => pages.close());
  return pages;
}

/** Asks for a WebSocket, and says something in the same breath. */
function upgraded({ origin }: PageServer, said = ''): Socket {
  const { port, host } = new URL(origin);
  const socket = connect(Number(port), 'localhost').setEncoding('utf8');
  onTestFinished(() => void socket.destroy());
  const head = `GET /hmr?id=1 HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket`;
  socket.write(`${head}\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n${said}`);
  return socket;
}

async function textUntil(socket: Socket, end: string): Promise<string> {
  let text = '';
  while (!text.endsWith(end)) text += (await once(socket, 'data'))[0];
  return text;
}

test('a WebSocket reaches the upstream server, and what is said goes both ways', async () => {
  const there = await upstream();
  const socket = upgraded(await served({ upstream: there.origin }), 'one');
  expect(await textUntil(socket, 'one')).toBe(`${ACCEPTED}one`);
  socket.write('two');
  expect(await textUntil(socket, 'two')).toBe('two');
  expect(there.asked).toMatchObject([
    {
      url: '/hmr?id=1',
      headers: {
        host: new URL(there.origin).host,
        upgrade: 'websocket',
        'sec-websocket-key': 'AQIDBAUGBwgJCgsMDQ4PEA==',
      },
    },
  ]);
});

test('one that closes closes the other', async () => {
  const there = await upstream();
  const pages = await served({ upstream: there.origin });
  const first = upgraded(pages, 'here');
  await textUntil(first, 'here');
  there.sockets[0]!.destroy();
  await once(first, 'close');
  const second = upgraded(pages, 'here');
  await textUntil(second, 'here');
  const closed = once(there.sockets[1]!, 'close');
  second.destroy();
  await closed;
});

test('a server that closes does not wait for open WebSockets', async () => {
  const there = await upstream();
  const pages = await PageServer.start({ upstream: there.origin });
  const socket = upgraded(pages, 'here');
  await textUntil(socket, 'here');
  const closed = once(socket, 'close');
  await pages.close();
  await closed;
});

test.each<[string, () => Promise<PageServerOptions>]>([
  ['a folder', async () => ({ folder: '.' })],
  [
    'a server that is gone',
    async () => {
      const { server, origin } = await upstream();
      server.close();
      return { upstream: origin };
    },
  ],
])('%s has no WebSockets: the connection ends, the run goes on', async (_, options) => {
  const pages = await served(await options());
  const socket = upgraded(pages);
  socket.resume();
  await once(socket, 'close');
  expect((await fetch(`${pages.origin}/crashkit/probe.js`)).status).toBe(200);
});

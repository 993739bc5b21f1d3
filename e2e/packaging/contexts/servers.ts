/** Servers of a test: gone when it is over, whatever became of it. */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { serveFolder } from '../../../scripts/lib/serve.mjs';
import { QUIET_TOOLS, type Workshop } from './workshop.ts';

const START_DEADLINE_MS = 120_000;

export async function staticServer(
  folder: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  // A sandboxed frame has no origin, and module scripts ask.
  const common = { 'Access-Control-Allow-Origin': '*' };
  const server = await serveFolder(folder, { headers: { ...common, ...headers } });
  onTestFinished(() => server.close());
  return server.url;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, 'localhost', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

/**
 * Runs a program of the workshop that serves on the port it is given.
 * @throws when it ends, or does not answer in time
 */
export async function programServer(
  { folder, program }: Workshop,
  path: string,
  args: (port: string) => readonly string[],
): Promise<string> {
  const port = await freePort();
  const env = { ...process.env, ...QUIET_TOOLS, BROWSER: 'none' };
  const child = spawn(process.execPath, [program(path), ...args(String(port))], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => (output += piece));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL');
    await ended;
  });
  const url = `http://localhost:${port}/`;
  const until = Date.now() + START_DEADLINE_MS;
  while (Date.now() < until && child.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok === true) return url;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${path} did not serve:\n${output}`);
}

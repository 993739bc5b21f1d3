#!/usr/bin/env node
/**
 * `npm start`: installs what is missing, builds the demo, serves it, prints its URL.
 * `-- --port N` (0: any free one), `-- --open`.
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ensureInstalled } from './install.mjs';
import { inRoot } from './lib/root.mjs';
import { ISOLATED, serveFolder } from './lib/serve.mjs';

const DEFAULT_PORT = 4173;
const TRIES = 20;

const USAGE = 'npm start -- [--port N] [--open]';

/** @returns {{ port: number | undefined, open: boolean }} */
function options() {
  const { values } = parseArgs({
    options: { port: { type: 'string' }, open: { type: 'boolean', default: false } },
  });
  if (values.port === undefined) return { port: undefined, open: values.open };
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port > 65_535)
    throw new Error(`--port ${values.port}: ${USAGE}`);
  return { port, open: values.open };
}

async function buildDemo() {
  const { build } = await import('vite');
  const configFile = inRoot('apps', 'demo', 'vite.config.ts');
  // How long plugins took is nothing to a visitor.
  const quiet = { rolldownOptions: { checks: { pluginTimings: false } } };
  await build({ configFile, logLevel: 'warn', build: quiet });
  return inRoot('apps', 'demo', 'dist');
}

/**
 * A port that was asked for is taken or refused; only the default gives way to the next one.
 * @param {string} folder
 * @param {number | undefined} asked
 */
async function serve(folder, asked) {
  for (let port = asked ?? DEFAULT_PORT; ; port += 1) {
    try {
      return await serveFolder(folder, { port, headers: ISOLATED });
    } catch (error) {
      const code = /** @type {NodeJS.ErrnoException} */ (error).code;
      if (asked !== undefined || code !== 'EADDRINUSE' || port >= DEFAULT_PORT + TRIES) {
        throw new Error(`port ${port} cannot be had (${code}); --port 0 takes any free one`, {
          cause: error,
        });
      }
      console.log(`Port ${port} is taken. (What was stored stays with the port it was stored at.)`);
    }
  }
}

/** @param {string} url */
function openInBrowser(url) {
  /** @type {readonly [string, string[]]} */
  const [command, args] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['cmd', ['/c', 'start', '', url]]
        : ['xdg-open', [url]];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => console.log('No browser could be opened: follow the link.'));
  child.unref();
}

try {
  const { port, open } = options();
  await ensureInstalled();
  console.log('Building the demo …');
  const server = await serve(await buildDemo(), port);
  console.log(`\n  Varve's demo: ${server.url}\n\n  Ctrl+C ends it.`);
  if (open) openInBrowser(server.url);
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
    process.once(signal, () => void server.close().then(() => process.exit(0)));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

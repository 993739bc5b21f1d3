/**
 * For the tests in browsers: a worker's script as one file, as it is published and as applications
 * build it, instead of a hundred modules that each worker that starts would ask the server for, one
 * after the other. Pages keep their modules.
 *
 * Always true: a script is bundled once, from the sources as they are, and anew when any of them
 * changes.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { ROOT } from '../lib/root.mjs';
import { halfOfIdb } from './halves.mjs';

/** @param {string} input @returns {Promise<string>} */
async function oneFile(input) {
  const build = await rolldown({
    input,
    cwd: ROOT,
    platform: 'browser',
    // As it is published: what the tests need of it must be in the half that is left.
    plugins: [halfOfIdb],
    logLevel: 'silent',
  });
  const { output } = await build.generate({
    format: 'esm',
    codeSplitting: false,
    sourcemap: 'inline',
  });
  await build.close();
  return output[0].code;
}

/**
 * @param {readonly string[]} ahead scripts, by their path in the repository, that are bundled before
 *   the first test: a page gives its worker only so long to load
 * @returns {import('vite').Plugin}
 */
export function oneFileWorkers(ahead) {
  /** @type {Map<string, Promise<string>>} */
  const scripts = new Map();
  const scriptOf = (/** @type {string} */ file) => {
    const script = scripts.get(file) ?? oneFile(file);
    scripts.set(file, script);
    return script;
  };
  return {
    name: 'one-file-workers',
    async configureServer(server) {
      await Promise.all(ahead.map((path) => scriptOf(join(ROOT, path))));
      server.watcher.on('all', () => scripts.clear());
      const headers = Object.entries(server.config.server.headers ?? {});
      server.middlewares.use((request, response, next) => {
        // A browser says what it wants a script for; one that did not would get the modules.
        if (!/^(?:shared)?worker$/.test(String(request.headers['sec-fetch-dest']))) return next();
        const { pathname } = new URL(request.url ?? '/', 'http://server');
        const file = join(server.config.root, decodeURIComponent(pathname));
        if (!file.endsWith('.ts') || !existsSync(file)) return next();
        scriptOf(file).then((code) => {
          for (const [name, value] of headers)
            if (value !== undefined) response.setHeader(name, value);
          response.setHeader('Content-Type', 'text/javascript');
          response.setHeader('Cache-Control', 'no-cache');
          response.end(code);
        }, next);
      });
    },
  };
}

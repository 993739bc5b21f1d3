/**
 * A static server for one folder, as a plain host would be.
 *
 * Always true: it listens on this machine alone, serves nothing outside its folder, and never lets
 * a browser keep a stale service worker.
 */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';

/** @type {Readonly<Record<string, string>>} */
const TYPES = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** A page that is alone in its process gets finer clocks and, one day, shared memory. */
export const ISOLATED = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/**
 * @param {string} folder
 * @param {string} url
 * @returns {string | undefined} the file that the URL means
 */
function fileFor(folder, url) {
  let path;
  try {
    path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  } catch {
    return undefined;
  }
  const file = normalize(join(folder, path.endsWith('/') ? `${path}index.html` : path));
  if (path.includes('\0') || !file.startsWith(folder + sep)) return undefined;
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true ? file : undefined;
}

/**
 * @param {string} folder
 * @param {{ port?: number, host?: string, headers?: Readonly<Record<string, string>> }} [options]
 * port 0 (the default) means any free one
 * @returns {Promise<{ url: string, port: number, close: () => Promise<void> }>}
 * @throws what `listen` throws: EADDRINUSE, EACCES
 */
export function serveFolder(folder, { port = 0, host = '127.0.0.1', headers = {} } = {}) {
  const server = createServer((request, response) => {
    const file = fileFor(normalize(folder), request.url ?? '/');
    const common = { ...headers, 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-cache' };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { ...common, Allow: 'GET, HEAD' }).end();
      return;
    }
    if (file === undefined) {
      response.writeHead(404, { ...common, 'Content-Type': TYPES['.txt'] }).end('Not found\n');
      return;
    }
    response.writeHead(200, {
      ...common,
      'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream',
      'Content-Length': statSync(file).size,
    });
    if (request.method === 'HEAD') response.end();
    else
      createReadStream(file)
        .on('error', () => response.destroy())
        .pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      resolve({
        // Not the number: OPFS needs a secure context, and `localhost` is one everywhere.
        url: `http://${host === '127.0.0.1' ? 'localhost' : host}:${bound}/`,
        port: bound,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            server.closeAllConnections();
          }),
      });
    });
  });
}

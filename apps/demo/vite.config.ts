/**
 * Builds the demo to `dist/`: a page, one worker, a service worker that knows the files' names.
 *
 * Always true of the build: no inline script or style, no data URL, so that `POLICY` holds.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));

export const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** The policy stands in the built page itself, so that it holds on any static host. */
const policy = (): Plugin => ({
  name: 'content-security-policy',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY },
      injectTo: 'head-prepend',
    },
  ],
});

/** Writes the names of all files, and a version made of their bytes, into the service worker. */
function precache(): Plugin {
  let outDir = '';
  return {
    name: 'precache-list',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      const files = readdirSync(outDir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !/\.map$|^service-worker\.js$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name))
        .toSorted();
      const digest = createHash('sha256');
      for (const file of files) digest.update(readFileSync(file));
      const names = files.map((file) => `./${file.slice(outDir.length + 1).replaceAll('\\', '/')}`);
      const build = {
        version: digest.digest('hex').slice(0, 12),
        files: ['./', ...names.filter((name) => name !== './index.html')],
      };
      const script = join(outDir, 'service-worker.js');
      writeFileSync(
        script,
        readFileSync(script, 'utf8').replaceAll('__BUILD__', JSON.stringify(build)),
      );
    },
  };
}

export default defineConfig({
  root,
  base: './',
  plugins: [policy(), precache()],
  worker: { format: 'es' },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: true,
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      input: {
        index: join(root, 'index.html'),
        'service-worker': join(root, 'src/service-worker.ts'),
      },
      output: {
        entryFileNames: (chunk) =>
          chunk.name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js',
      },
    },
  },
  preview: { headers: { 'Content-Security-Policy': POLICY } },
});

/** What a page downloads, brotli, in bytes; and how much that may be. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';

/**
 * docs/PERFORMANCE.md says what `core` and `worker` are made of. The worker was to stay below 40 KiB, and
 * did until it led and followed other tabs, knew its clients and served a ring: that bar is missed.
 * The one for volumes was below 60 KiB until it did so, too.
 */
export const BUDGET_BYTES = {
  core: 8192,
  codec: 8192,
  worker: 53_248,
  ring: 4096,
  ports: 1024,
  introducer: 1024,
  appender: 16_384,
  reader: 32_768,
  volume: 4096,
  volumeWorker: 65_536,
};

const compressed = (/** @type {string} */ file) =>
  brotliCompressSync(readFileSync(file), {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11 },
  }).length;

/** The file and all that it imports statically, in the order met. */
function closure(/** @type {string} */ file, /** @type {Set<string>} */ found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(
    /(?:from|import)\s*["'](\.[^"']+)["']/g,
  )) {
    closure(join(dirname(file), target), found);
  }
  return found;
}

/**
 * `ring`, `ports` and `volume` are what a page that asks for them loads besides; `introducer` is the
 * script of the `SharedWorker` of `ports`; `appender` is all of
 * `varve/service-worker`, `volumeWorker` the engine with volumes.
 * The codec is what `index.js` would not need with another codec: `codec.js` and what only it uses.
 * @param {string} dist of `varve`
 */
export function sizesOf(dist) {
  const codec = new Set([join(dist, 'codec.js')]);
  const page = closure(join(dist, 'index.js'));
  const core = [...page].filter((file) => !codec.has(file));
  const sum = (/** @type {Iterable<string>} */ files) =>
    [...files].reduce((total, file) => total + compressed(file), 0);
  const beside = (/** @type {string} */ name) =>
    sum([...closure(join(dist, name))].filter((file) => !page.has(file)));
  return {
    core: sum(core),
    codec: sum(codec),
    worker: compressed(join(dist, 'worker.js')),
    ring: beside('ring.js'),
    ports: beside('ports.js'),
    introducer: compressed(join(dist, 'ports-worker.js')),
    appender: compressed(join(dist, 'service-worker.js')),
    reader: compressed(join(dist, 'reader.js')),
    volume: beside('volume.js'),
    volumeWorker: compressed(join(dist, 'volume-worker.js')),
  };
}

/**
 * The worker of the image lane as one file, from the sources as they are, or with one planted bug.
 *
 * Always true: a planted bug stands exactly once in the source it names, or bundling fails.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PlantedBug, plant } from '@varve/journal/crash';
import { build, type Plugin } from 'vite';

const ENTRY = fileURLToPath(new URL('images-worker.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export interface WorkerFile {
  readonly path: string;
  remove(): void;
}

export async function bundleWorker(bug?: PlantedBug): Promise<WorkerFile> {
  let planted = 0;
  const planting: Plugin = {
    name: 'planted-bug',
    enforce: 'pre',
    transform(code, id) {
      if (bug === undefined || !id.split(sep).join('/').endsWith(`/packages/journal/src/${bug.file}`)) return null;
      planted++;
      return { code: plant(bug, code), map: null };
    },
  };
  const output = await build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    plugins: [planting],
    ssr: { noExternal: true },
    build: { ssr: ENTRY, write: false, minify: false, target: 'node20' },
  });
  if (bug !== undefined && planted !== 1) throw new Error(`planted bug "${bug.name}": ${bug.file} was bundled ${planted} times`);
  const bundles = Array.isArray(output) ? output : [output];
  const chunk = bundles.flatMap((bundle) => ('output' in bundle ? bundle.output : []))[0];
  if (chunk === undefined || chunk.type !== 'chunk') throw new Error('the worker did not bundle');
  const folder = mkdtempSync(join(tmpdir(), 'varve-images-'));
  const path = join(folder, 'worker.mjs');
  writeFileSync(path, chunk.code);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

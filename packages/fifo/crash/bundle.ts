/** The threads' script as one file on disk, from the sources as they are or with one planted bug. */
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';
import { type PlantedBug, plant } from './planted.ts';

const ENTRY = fileURLToPath(new URL('two-threads.worker.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export async function threadScript(
  bug?: PlantedBug,
): Promise<{ readonly path: string; remove(): void }> {
  let planted = 0;
  const planting: Plugin = {
    name: 'planted-bug',
    enforce: 'pre',
    transform(code, id) {
      const path = id.split(sep).join('/');
      if (bug === undefined || !path.endsWith(`/packages/fifo/src/${bug.file}`)) return null;
      planted++;
      return { code: plant(bug, code), map: null };
    },
  };
  const folder = mkdtempSync(join(tmpdir(), 'varve-ring-'));
  await build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    plugins: [planting],
    ssr: { noExternal: true },
    build: { ssr: ENTRY, outDir: folder, minify: false, target: 'node20' },
  });
  if (bug !== undefined && planted !== 1) {
    throw new Error(`planted bug "${bug.name}": ${bug.file} was bundled ${planted} times`);
  }
  const path = join(folder, 'thread.mjs');
  const made = readdirSync(folder).find((name) => /two-threads/.test(name))!;
  renameSync(join(folder, made), path);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

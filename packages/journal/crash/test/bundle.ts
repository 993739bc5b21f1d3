/**
 * A module as one file, from the sources as they are, or with one planted bug.
 *
 * Always true: a planted bug stands exactly once in the source it names, or bundling fails.
 */
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';
import { type PlantedBug, plant } from '../planted/bug.ts';

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url));

export async function bundle(entry: string, bug?: PlantedBug): Promise<string> {
  let planted = 0;
  const planting: Plugin = {
    name: 'planted-bug',
    enforce: 'pre',
    transform(code, id) {
      const path = id.split(sep).join('/');
      if (
        bug === undefined ||
        !path.endsWith(`/packages/${bug.package ?? 'journal'}/src/${bug.file}`)
      )
        return null;
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
    build: { ssr: entry, write: false, minify: false, target: 'node20' },
  });
  if (bug !== undefined && planted !== 1) {
    throw new Error(`planted bug "${bug.name}": ${bug.file} was bundled ${planted} times`);
  }
  const bundles = Array.isArray(output) ? output : [output];
  const chunk = bundles.flatMap((one) => ('output' in one ? one.output : []))[0];
  if (chunk === undefined || chunk.type !== 'chunk') throw new Error(`${entry} did not bundle`);
  return chunk.code;
}

/**
 * Strict types, one program for each tsconfig of the repository.
 *
 * Always true when nothing is returned: every TypeScript file belongs to a program and compiles in
 * each that it belongs to; those below the edges belong to one without DOM, worker or Node types.
 */
import { existsSync } from 'node:fs';
import { cpus } from 'node:os';
import { relative } from 'node:path';
import { ROOT, inRoot } from '../lib/root.mjs';
import { node, run } from '../lib/run.mjs';
import { sourceFiles } from '../lib/sources.mjs';

const TSC = inRoot('node_modules', 'typescript', 'bin', 'tsc');

/** Packages that must compile with the language alone, at least once, with all that is not a test. */
const NEUTRAL = /^packages\/(?:bytes|protocol|fifo|journal|volume|objects|files)\/src\//;
const NOT_NEUTRAL = /\.test\.ts$|^packages\/files\/src\/(?:opfs|node)\//;
const PLATFORM_TYPES = /\/lib\.(?:dom|webworker)[^/]*\.d\.ts$|\/@types\/node\//;

/** @param {string} config */
async function compile(config) {
  const args = [TSC, '-p', inRoot(config), '--noEmit', '--pretty', 'false', '--listFiles'];
  const { code, output } = await run(node, args, { quiet: true, timeoutMs: 180_000 });
  const lines = output.split('\n').map((line) => line.trim());
  const files = lines.filter((line) => existsSync(line) && line.endsWith('.ts'));
  const errors = lines.filter((line) => /error TS\d+/.test(line));
  if (code !== 0 && errors.length === 0) errors.push(`tsc ended with code ${code}`);
  return {
    errors: errors.map((line) => `${line} (${config})`),
    own: files.map((file) => relative(ROOT, file).replaceAll('\\', '/')),
    neutral: !files.some((file) => PLATFORM_TYPES.test(file.replaceAll('\\', '/'))),
  };
}

/** @returns {Promise<{ wrong: string[], programs: number }>} */
export async function typeErrors() {
  const configs = sourceFiles(/(?:^|\/)tsconfig[^/]*\.json$/).filter(
    (path) => path !== 'tsconfig.json',
  );
  const queue = [...configs];
  /** @type {Awaited<ReturnType<typeof compile>>[]} */
  const programs = [];
  const worker = async () => {
    for (let config = queue.shift(); config !== undefined; config = queue.shift()) {
      programs.push(await compile(config));
    }
  };
  await Promise.all(Array.from({ length: Math.min(4, cpus().length) }, worker));
  const wrong = [...new Set(programs.flatMap(({ errors }) => errors))];
  const covered = new Set(programs.flatMap(({ own }) => own));
  const coveredNeutrally = new Set(
    programs.filter(({ neutral }) => neutral).flatMap(({ own }) => own),
  );
  for (const path of sourceFiles(/\.m?ts$/)) {
    if (!covered.has(path)) wrong.push(`${path} belongs to no tsconfig`);
    if (NEUTRAL.test(path) && !NOT_NEUTRAL.test(path) && !coveredNeutrally.has(path)) {
      wrong.push(`${path} compiles only with the types of a platform`);
    }
  }
  return { wrong, programs: programs.length };
}

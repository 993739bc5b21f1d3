/**
 * JavaScript of the public packages.
 *
 * Always true of `varve`:
 * - all that a page imports comes from one graph, and all that Node imports from another, so that
 *   there is one `VarveError` in each
 * - each worker is one file without any import
 * - `new URL('./worker.js', import.meta.url)` stands beside the file that it names
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { minify } from 'terser';
import { ROOT } from '../lib/root.mjs';
import { UNUSED_ANSWERING, UNUSED_CALLING, halfOfComlink, halfOfIdb } from './halves.mjs';
import { workspaceEntries } from './workspace.mjs';

/** Sources name the worker by its own ending; what is built is JavaScript. */
const workerEndings = {
  name: 'worker-endings',
  /** @param {string} code @param {string} id */
  transform(code, id) {
    const ours = /new URL\('\.\/((?:volume-|ports-)?worker)\.ts', import\.meta\.url\)/g;
    if (!/\/(?:varve|crashkit)\/src\//.test(id) || !ours.test(code)) return null;
    // The same length: the source map stays right.
    return { code: code.replaceAll(ours, "new URL('./$1.js', import.meta.url)"), map: null };
  },
};

/** Errors and invariants are used by every part: a file of their own, in nobody else's size. */
const FOUNDATION = {
  name: 'foundation',
  test: /\/packages\/(?:bytes\/src\/invariant|protocol\/src\/errors)\.ts/,
};

const HALVES = { calls: UNUSED_CALLING, answers: UNUSED_ANSWERING };

/**
 * Once more by another minifier: 1 to 6% less. It also writes plain strings where the first one wrote
 * templates, and not every bundler looks for a worker in a template.
 * @param {import('rolldown').OutputChunk} chunk
 * @param {string} dir
 */
async function minifyAgain(chunk, dir) {
  const file = join(dir, chunk.fileName);
  const { code = '', map } = await minify(chunk.code, {
    module: true,
    ecma: 2020,
    compress: { passes: 3 },
    sourceMap: {
      // A file that only passes on what others have comes without one.
      ...(existsSync(`${file}.map`) && { content: readFileSync(`${file}.map`, 'utf8') }),
      includeSources: true,
      url: `${basename(file)}.map`,
    },
  });
  writeFileSync(file, code);
  writeFileSync(`${file}.map`, typeof map === 'string' ? map : JSON.stringify(map));
  return code;
}

/**
 * @typedef {object} Bundle
 * @property {Record<string, string>} input output name without ending, source
 * @property {string} dir
 * @property {'browser' | 'node' | 'neutral'} platform
 * @property {readonly (string | RegExp)[]} [external]
 * @property {'calls' | 'answers'} [comlink] the only half of it that is used
 * @property {boolean} [alone] one self-contained file; what it imports runs even if nothing is used
 */

/**
 * @param {Bundle} bundle
 * @typedef {Pick<import('rolldown').OutputChunk,
 *   'fileName' | 'imports' | 'dynamicImports' | 'moduleIds' | 'code'>} BuiltChunk
 *
 * @returns {Promise<{ chunks: BuiltChunk[], packages: Set<string> }>}
 */
export async function bundle({ input, dir, platform, external = [], comlink, alone = false }) {
  const chunkFileNames = platform === 'node' ? 'node/shared-[name].js' : 'shared-[name].js';
  const build = await rolldown({
    input,
    cwd: ROOT,
    platform,
    external: [/^node:/, ...external],
    // What one graph gives to pages and to Node has no platform; packages of others name their own.
    resolve: {
      mainFields: ['module', 'main'],
      alias: Object.fromEntries([...workspaceEntries()].sort(longestFirst)),
    },
    plugins: [workerEndings, halfOfIdb, comlink && halfOfComlink(HALVES[comlink])],
    preserveEntrySignatures: 'allow-extension',
    treeshake: { moduleSideEffects: alone },
    transform: { target: 'es2022' },
    logLevel: 'warn',
    onLog(level, log, fallback) {
      // A warning of the bundler means a broken package: never let it scroll by.
      fallback(level === 'warn' ? 'error' : level, log);
    },
  });
  const { output } = await build.write({
    dir,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames,
    sourcemap: true,
    codeSplitting: alone ? false : { groups: [FOUNDATION] },
    minify: true,
    comments: false,
  });
  await build.close();
  const chunks = [];
  for (const chunk of output) {
    if (chunk.type !== 'chunk') continue;
    const { fileName, imports, dynamicImports, moduleIds } = chunk;
    const code = await minifyAgain(chunk, dir);
    chunks.push({ fileName, imports, dynamicImports, moduleIds, code });
  }
  return { chunks, packages: foreignPackages(chunks) };
}

/** @param {[string, string]} a @param {[string, string]} b */
const longestFirst = ([a], [b]) => b.length - a.length;

/** Folders of the packages of others whose code is inside. */
function foreignPackages(/** @type {readonly BuiltChunk[]} */ chunks) {
  const folders = new Set();
  for (const id of chunks.flatMap(({ moduleIds }) => moduleIds)) {
    if (!id.includes('/node_modules/')) continue;
    let folder = dirname(id);
    while (!existsSync(join(folder, 'package.json')) || nameOf(folder) === undefined) {
      folder = dirname(folder);
    }
    folders.add(folder);
  }
  return folders;
}

/** @param {string} folder @returns {string | undefined} */
const nameOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name;

/** Code that a strict content security policy would refuse, or that a bundler cannot follow. */
const FORBIDDEN = [
  ['WebAssembly', /\bWebAssembly\b/],
  ['eval', /\beval\s*\(/],
  ['new Function', /\bnew Function\b/],
  ['a blob or data URL', /createObjectURL|["'`](?:blob|data):/],
];

/**
 * @param {readonly BuiltChunk[]} chunks
 * @param {string} dir
 * @param {readonly string[]} [allowed] of {@link FORBIDDEN}
 * @returns {string[]} what is wrong with what was built
 */
export function faultsOf(chunks, dir, allowed = []) {
  return chunks.flatMap(({ fileName, code, imports, dynamicImports }) => {
    const at = relative(ROOT, join(dir, fileName));
    const wrong = FORBIDDEN.filter(
      ([what, pattern]) => !allowed.includes(String(what)) && RegExp(pattern).test(code),
    ).map(([what]) => `${at} contains ${String(what)}`);
    if (dynamicImports.length > 0) wrong.push(`${at} imports dynamically`);
    if (
      /(?:^|\/)(?:(?:service-|volume-)?worker|reader)\.js$/.test(fileName) &&
      imports.some((name) => !name.startsWith('node:'))
    ) {
      wrong.push(`${at} is not self-contained: ${imports.join(', ')}`);
    }
    for (const [, target = ''] of code.matchAll(
      /new URL\(\s*["'`](\.[^"'`]+)["'`]\s*,\s*import\.meta\.url\s*\)/g,
    )) {
      if (!existsSync(join(dir, dirname(fileName), target))) {
        wrong.push(`${at} refers to ${target}, which is not there`);
      }
    }
    return wrong;
  });
}

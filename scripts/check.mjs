#!/usr/bin/env node
/**
 * `npm run check`: style is a test. Each check prints one line, and what is wrong below it.
 * `npm run check -- format types` runs only those named.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ensureInstalled } from './install.mjs';
import { inRoot } from './lib/root.mjs';
import { node, run } from './lib/run.mjs';
import { sourceFiles } from './lib/sources.mjs';

const UNEASY_LINES = 400;

/** @param {string} path */
const read = (path) => readFileSync(inRoot(path), 'utf8');

/** @typedef {{ wrong: string[], note?: string }} Finding */

/**
 * @param {string[]} command relative to node_modules, and its arguments
 * @returns {Promise<Finding>}
 */
async function tool([program = '', ...args]) {
  const path = inRoot('node_modules', program);
  const { code, output } = await run(node, [path, ...args], { quiet: true, timeoutMs: 240_000 });
  return { wrong: code === 0 ? [] : output.trim().split('\n') };
}

const format = () => tool(['oxfmt/bin/oxfmt', '--check', '.']);

const lint = () => tool(['oxlint/bin/oxlint', '--deny-warnings']);

/** @returns {Promise<Finding>} */
async function types() {
  const { typeErrors } = await import('./check/types.mjs');
  const { wrong, programs } = await typeErrors();
  if (programs === 0) wrong.push('there is no tsconfig');
  return { wrong, note: `${programs} programs` };
}

/** @returns {Promise<Finding>} */
async function floors() {
  const { wrongImports, wrongDependencies } = await import('./check/floors.mjs');
  const wrong = [];
  let files = 0;
  for (const manifestPath of sourceFiles(/^packages\/[^/]+\/package\.json$/)) {
    const folder = manifestPath.replace(/\/package\.json$/, '');
    const manifest = JSON.parse(read(manifestPath));
    wrong.push(...wrongDependencies(manifest));
    const own = sourceFiles(/\.m?ts$/).filter((path) => path.startsWith(`${folder}/src/`));
    if (own.length === 0) wrong.push(`${folder} has no sources`);
    files += own.length;
    for (const path of own) wrong.push(...wrongImports(path, read(path), folder, manifest));
  }
  return { wrong, note: `${files} files` };
}

const deadCode = () => tool(['knip/bin/knip.js', '--no-progress', '--no-config-hints']);

/** @returns {Promise<Finding>} */
async function formatDocument() {
  const { tsImport } = await import('tsx/esm/api');
  const { formatDifferences } = await import('./check/format-doc.mjs');
  if (!existsSync(inRoot('docs/FORMAT.md'))) return { wrong: ['docs/FORMAT.md is missing'] };
  const constants = await tsImport(inRoot('packages/journal/src/format.ts'), import.meta.url);
  const layouts = Object.keys(constants).filter((name) => name.endsWith('_LAYOUT'));
  return {
    wrong: formatDifferences(read('docs/FORMAT.md'), constants),
    note: `${layouts.length} layouts`,
  };
}

/** @returns {Promise<Finding>} */
async function errorsDocument() {
  const { ERRORS_DOC, errorsDocument: expected } = await import('./check/errors-doc.mjs');
  const same = existsSync(ERRORS_DOC) && readFileSync(ERRORS_DOC, 'utf8') === (await expected());
  return { wrong: same ? [] : ['docs/ERRORS.md is old: node scripts/check/errors-doc.mjs'] };
}

/** Of what is published. @returns {Promise<string[]>} what is wrong */
async function buildFaults() {
  const { builtPackages } = await import('./build.mjs');
  return (await builtPackages()).flatMap((built) => built.wrong);
}

/** @returns {Promise<Finding>} */
async function size() {
  const { VARVE_DIST } = await import('./build.mjs');
  const wrong = await buildFaults();
  if (wrong.length > 0) return { wrong };
  const { BUDGET_BYTES, sizesOf } = await import('./build/size.mjs');
  const sizes = Object.entries(sizesOf(VARVE_DIST)).map(([part, bytes]) => ({
    text: `${part} ${bytes} of ${BUDGET_BYTES[/** @type {'core'} */ (part)]} B`,
    fits: bytes <= BUDGET_BYTES[/** @type {'core'} */ (part)],
  }));
  return {
    wrong: sizes.filter(({ fits }) => !fits).map(({ text }) => `too large (brotli): ${text}`),
    note: `brotli: ${sizes.map(({ text }) => text).join(', ')}`,
  };
}

/** @returns {Promise<Finding>} */
async function apiReports() {
  const { oldReports } = await import('./check/api-report.mjs');
  const wrong = await buildFaults();
  return { wrong: wrong.length > 0 ? ['the packages do not build'] : oldReports() };
}

/** @returns {Promise<Finding>} */
async function words() {
  const { bannedWords } = await import('./check/words.mjs');
  const paths = sourceFiles(/\.(?:ts|mts|mjs|js|json|html|css|sh|md|txt|ya?ml)$|^\.ci\//);
  return {
    wrong: paths.flatMap((path) => bannedWords(path, read(path))),
    note: `${paths.length} files`,
  };
}

/** A warning only: how long a file may be is a matter of judgement. */
function longFiles() {
  for (const path of sourceFiles(/\.(?:ts|mts|mjs|css|html)$/)) {
    const lines = read(path).split('\n').length;
    if (lines > UNEASY_LINES) console.log(`! ${path} has ${lines} lines: is it one noun?`);
  }
}

/** @type {Readonly<Record<string, readonly [title: string, check: () => Promise<Finding>]>>} */
const CHECKS = {
  format: ['format (oxfmt)', format],
  lint: ['lint (oxlint, with types)', lint],
  types: ['strict types (tsc)', types],
  floors: ['package floors', floors],
  dead: ['dead files, exports and dependencies (knip)', deadCode],
  'format-doc': ['docs/FORMAT.md says what the code does', formatDocument],
  'errors-doc': ['docs/ERRORS.md says what the code does', errorsDocument],
  size: ['packages build, and are small', size],
  api: ['docs/api says what the packages export', apiReports],
  words: ['nothing that must not be committed', words],
};

/**
 * @param {readonly string[]} [only]
 * @returns {Promise<{ passed: number, failed: number, failures: string[] }>}
 */
export async function check(only = []) {
  const unknown = only.filter((name) => CHECKS[name] === undefined);
  if (unknown.length > 0) {
    throw new Error(
      `no such check: ${unknown.join(', ')}; there are ${Object.keys(CHECKS).join(', ')}`,
    );
  }
  let passed = 0;
  /** @type {string[]} */
  const failures = [];
  const isChosen = (/** @type {string} */ name) => only.length === 0 || only.includes(name);
  // Takes one core, and the longest: begun now, it is there when it is asked for.
  if (isChosen('size') || isChosen('api')) buildFaults().catch(() => undefined);
  for (const [name, [title, perform]] of Object.entries(CHECKS)) {
    if (!isChosen(name)) continue;
    const startMs = performance.now();
    const { wrong, note } = await perform().catch((/** @type {unknown} */ error) => ({
      wrong: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
      note: undefined,
    }));
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    const ok = wrong.length === 0;
    console.log(`${ok ? '✓' : '✗'} ${title}${note ? `: ${note}` : ''} (${seconds} s)`);
    for (const line of wrong.slice(0, 80)) console.log(`    ${line}`);
    if (wrong.length > 80) console.log(`    … and ${wrong.length - 80} more lines`);
    if (ok) passed += 1;
    else failures.push([title, ...wrong.slice(0, 12)].join('\n'));
  }
  if (only.length === 0) longFiles();
  return { passed, failed: failures.length, failures };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureInstalled();
  const { passed, failed } = await check(process.argv.slice(2));
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
}

/**
 * The contexts of `e2e/packaging/contexts`, each file of them from packed tarballs, two at a time.
 *
 * Always true: what a file found is kept as rows of docs/COMPATIBILITY.md; what failed takes its rows
 * with it.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { packPackages } from '../build/packed.mjs';
import { judged, vitestCounts } from './counts.mjs';
import { CACHE, inRoot } from './root.mjs';
import { node, run } from './run.mjs';

const CONTEXTS = inRoot('e2e', 'packaging', 'contexts');
const ROWS = join(CACHE, 'compatibility');
const REPORTS = join(CACHE, 'reports');
/** For one file. */
const DEADLINE_MS = 2_700_000;

/** Much of a file is waiting: for a server, for a kill, for a browser that starts. */
const LANES = Math.min(2, availableParallelism());

/** Is in `npm test`, whole. */
const QUICK = 'extension';
/** These two take as long as all else together. */
const LONG = ['vite', 'bundlers'];

/** The names of all files, sorted. */
export const contextNames = () =>
  readdirSync(CONTEXTS)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => name.replace(/\.test\.ts$/, ''))
    .sort();

/** So that no lane is left with a long one at the end. */
export const longestFirst = (/** @type {readonly string[]} */ names) =>
  names.toSorted((a, b) => Number(LONG.includes(b)) - Number(LONG.includes(a)));

/** What CI runs besides `npm test`. */
export const besidesTests = () => longestFirst(contextNames().filter((name) => name !== QUICK));

/**
 * @param {string} name
 * @param {Record<string, string>} env
 */
async function perform(name, env) {
  const rows = join(ROWS, `${name}.jsonl`);
  const fresh = `${rows}.new`;
  const report = join(REPORTS, `contexts-${name}.json`);
  for (const file of [fresh, report]) rmSync(file, { force: true });
  const args = ['run', '--config', join(CONTEXTS, 'vite.config.ts'), `${name}.test.ts`];
  const reporters = ['--reporter=verbose', '--reporter=json', `--outputFile.json=${report}`];
  const { code } = await run(
    node,
    [inRoot('node_modules', 'vitest', 'vitest.mjs'), ...args, ...reporters],
    {
      env: { ...env, VARVE_COMPATIBILITY: fresh, VARVE_PACKAGING_FILE: name },
      timeoutMs: DEADLINE_MS,
    },
  );
  const counts = judged(vitestCounts(report), code);
  // What failed takes its rows with it: nothing stays said that was not seen.
  rmSync(rows, { force: true });
  if (counts.failed === 0 && existsSync(fresh)) writeFileSync(rows, readFileSync(fresh));
  rmSync(fresh, { force: true });
  return counts;
}

/** @returns {import('../build/compatibility-doc.mjs').Row[]} */
export const keptRows = () =>
  contextNames()
    .map((name) => join(ROWS, `${name}.jsonl`))
    .filter(existsSync)
    .flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line));

/**
 * The packages are built before.
 * @param {readonly string[]} names in the order in which they begin
 * @param {Record<string, string>} given the environment: which browsers
 * @returns {Promise<import('./counts.mjs').Counts>}
 */
export async function runContexts(names, given) {
  for (const folder of [ROWS, REPORTS]) mkdirSync(folder, { recursive: true });
  const sum = { passed: 0, failed: 0, skipped: 0, failures: /** @type {string[]} */ ([]) };
  const waiting = [...names];
  const folder = mkdtempSync(join(tmpdir(), 'varve-packed-'));
  try {
    await packPackages(folder);
    const env = { ...given, VARVE_PACKED: folder };
    const lane = async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const startMs = performance.now();
        const counts = await perform(name, env);
        const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
        console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed (${seconds} s)`);
        sum.passed += counts.passed;
        sum.failed += counts.failed;
        sum.skipped += counts.skipped;
        sum.failures.push(...counts.failures.map((failure) => `${name}: ${failure}`));
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return sum;
}

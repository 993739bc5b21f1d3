#!/usr/bin/env node
/**
 * `npm run test:packaging`: every context in which Varve is said to work, from packed tarballs; then
 * docs/COMPATIBILITY.md is written from what was found. `-- NAME` runs only the files whose name
 * contains it (bundlers, runtimes, policies, frames, edge, health, extension), and writes nothing;
 * `--reuse` takes the packages as they are built. The rows of a partial run are kept in
 * `.cache/compatibility` all the same, and `--write` makes the document of the newest of each file.
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
import { parseArgs } from 'node:util';
import { buildPackages } from './build.mjs';
import { packPackages } from './build/packed.mjs';
import { browserEnvironment, describeBrowsers, findBrowsers } from './browsers.mjs';
import { COMPATIBILITY_DOC, compatibilityDocument } from './build/compatibility-doc.mjs';
import { ensureInstalled } from './install.mjs';
import { judged, vitestCounts } from './lib/counts.mjs';
import { CACHE, inRoot } from './lib/root.mjs';
import { node, run } from './lib/run.mjs';

const CONTEXTS = inRoot('e2e', 'packaging', 'contexts');
const ROWS = join(CACHE, 'compatibility');
const REPORTS = join(CACHE, 'reports');
/** For one file. */
const DEADLINE_MS = 2_700_000;

/** Much of a file is waiting: for a server, for a kill, for a browser that starts. */
const LANES = Math.min(2, availableParallelism());

const files = () =>
  readdirSync(CONTEXTS)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => name.replace(/\.test\.ts$/, ''));

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

/** @returns {import('./build/compatibility-doc.mjs').Row[]} */
const keptRows = () =>
  files()
    .map((name) => join(ROWS, `${name}.jsonl`))
    .filter(existsSync)
    .flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line));

/** The bundlers take as long as all else together. */
const longestFirst = (/** @type {string[]} */ names) =>
  names.sort((a, b) => Number(b === 'bundlers') - Number(a === 'bundlers'));

/**
 * @param {string} folder
 * @param {boolean} isBuilt
 */
async function pack(folder, isBuilt) {
  for (const { name, wrong } of isBuilt ? [] : await buildPackages()) {
    if (wrong.length > 0) throw new Error(`${name} does not build:\n${wrong.join('\n')}`);
  }
  await packPackages(folder);
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { reuse: { type: 'boolean' }, write: { type: 'boolean' } },
  });
  await ensureInstalled();
  for (const folder of [ROWS, REPORTS]) mkdirSync(folder, { recursive: true });
  const browsers = await findBrowsers();
  console.log(describeBrowsers(browsers));
  const chosen = files().filter(
    (name) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
  );
  let passed = 0;
  /** @type {string[]} */
  const failures = [];
  // A run that only writes looks at nothing.
  const waiting = values.write === true && positionals.length === 0 ? [] : longestFirst(chosen);
  const folder = mkdtempSync(join(tmpdir(), 'varve-packed-'));
  try {
    if (waiting.length > 0) await pack(folder, values.reuse === true);
    const env = { ...browserEnvironment(browsers), VARVE_PACKED: folder };
    const lane = async () => {
      for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
        const startMs = performance.now();
        const counts = await perform(name, env);
        const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
        console.log(`${name}: ${counts.passed} passed, ${counts.failed} failed (${seconds} s)`);
        passed += counts.passed;
        failures.push(...counts.failures.map((failure) => `${name}: ${failure}`));
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const isWhole = positionals.length === 0 && failures.length === 0;
  if (values.write === true || isWhole) {
    writeFileSync(COMPATIBILITY_DOC, compatibilityDocument(keptRows()));
    console.log('docs/COMPATIBILITY.md is written.');
  }
  for (const failure of failures) console.log(`✗ ${failure.replaceAll('\n', '\n  ')}`);
  console.log(`${passed} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

process.exit(await main());

#!/usr/bin/env node
/**
 * `npm run test:packaging`: every context in which Varve is said to work, from packed tarballs; then
 * docs/COMPATIBILITY.md is written from what was found. `-- NAME` runs only the files whose name
 * contains it (bundlers, runtimes, policies, frames, edge, health, extension), and writes nothing;
 * `--reuse` takes the packages as they are built. The rows of a partial run are kept in
 * `.cache/compatibility` all the same, and `--write` makes the document of the newest of each file.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { browserEnvironment, describeBrowsers, findBrowsers } from './browsers.mjs';
import { COMPATIBILITY_DOC, compatibilityDocument } from './build/compatibility-doc.mjs';
import { ensureInstalled } from './install.mjs';
import { judged, vitestCounts } from './lib/counts.mjs';
import { CACHE, inRoot } from './lib/root.mjs';
import { node, run } from './lib/run.mjs';

const CONTEXTS = inRoot('e2e', 'packaging', 'contexts');
const ROWS = join(CACHE, 'compatibility');
const REPORTS = join(CACHE, 'reports');
/** For one file. All of them took 18 minutes on two cores with a load of 12 to 25. */
const DEADLINE_MS = 2_700_000;

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
    { env: { ...env, VARVE_COMPATIBILITY: fresh }, timeoutMs: DEADLINE_MS },
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
  const performed = values.write === true && positionals.length === 0 ? [] : chosen;
  let reuse = values.reuse === true;
  for (const name of performed) {
    const env = { ...browserEnvironment(browsers), ...(reuse && { VARVE_BUILT: '1' }) };
    const counts = await perform(name, env);
    // The first has built them for the others.
    reuse = true;
    passed += counts.passed;
    failures.push(...counts.failures.map((failure) => `${name}: ${failure}`));
  }
  const isWhole = positionals.length === 0 && failures.length === 0;
  if (values.write === true || isWhole) {
    writeFileSync(COMPATIBILITY_DOC, compatibilityDocument(keptRows()));
    console.log('docs/COMPATIBILITY.md is written.');
  }
  for (const failure of failures) console.log(`✗ ${failure}`);
  console.log(`${passed} passed, ${failures.length} failed`);
  return failures.length === 0 ? 0 : 1;
}

process.exit(await main());

#!/usr/bin/env node
/**
 * `npm test`: everything that must hold, one step after the other. The last line is
 * `N passed, N failed`. `npm test -- --only unit` (or `--only check,e2e`) runs only those steps;
 * `--with contexts` and `--with benches` are what CI runs besides: the rest of `npm run test:packaging`,
 * and whether the benchmarks run that nothing else does. Their figures are not judged.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { browserEnvironment, describeBrowsers, findBrowsers } from './browsers.mjs';
import { ensureInstalled } from './install.mjs';
import { judged, playwrightCounts, vitestCounts } from './lib/counts.mjs';
import { CACHE, inRoot } from './lib/root.mjs';
import { node, run, runNpm } from './lib/run.mjs';

/** @typedef {import('./lib/counts.mjs').Counts} Counts */
/** @typedef {Record<string, string>} Environment */

const REPORTS = join(CACHE, 'reports');
/** Of each step, with what each said: what goes wrong everywhere need not be read to its end. */
const FAILURES_TOLD = 20;

/** @returns {Promise<Counts>} */
async function check() {
  const { check: perform } = await import('./check.mjs');
  return { ...(await perform()), skipped: 0 };
}

/**
 * @param {string} name of the report
 * @param {string[]} args
 * @param {Environment} env
 * @param {number} timeoutMs
 */
async function vitest(name, args, env, timeoutMs) {
  const file = join(REPORTS, `${name}.json`);
  rmSync(file, { force: true });
  const program = inRoot('node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { code } = await run(node, [program, 'run', ...args, ...reporters], { env, timeoutMs });
  return judged(vitestCounts(file), code);
}

const unit = (/** @type {Environment} */ env) => vitest('unit', [], env, 900_000);

/**
 * What the checks have built already is taken as it is.
 * @param {Environment} env
 * @returns {Promise<Counts>}
 */
async function build(env) {
  const { builtPackages } = await import('./build.mjs');
  const built = await builtPackages();
  for (const { name, wrong } of built) {
    console.log(wrong.length === 0 ? `✓ ${name}` : `✗ ${name}\n  ${wrong.join('\n  ')}`);
  }
  const failures = built.filter(({ wrong }) => wrong.length > 0).map(({ name }) => name);
  // The packaging tests take them as they are.
  if (failures.length === 0) env['VARVE_BUILT'] = '1';
  return { passed: built.length - failures.length, failed: failures.length, skipped: 0, failures };
}

const packaging = (/** @type {Environment} */ env) =>
  vitest('packaging', ['--config', inRoot('e2e', 'packaging', 'vite.config.ts')], env, 240_000);

/** @param {Environment} env */
async function e2e(env) {
  const config = inRoot('e2e', 'playwright.config.ts');
  const file = join(REPORTS, 'e2e.json');
  rmSync(file, { force: true });
  if (!existsSync(config)) console.log('e2e/playwright.config.ts is missing');
  const program = inRoot('node_modules', '@playwright', 'test', 'cli.js');
  const { code } = await run(node, [program, 'test', '-c', config, '--reporter=list,json'], {
    env: { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: file, PLAYWRIGHT_FORCE_TTY: '0' },
    timeoutMs: 1_200_000,
  });
  return judged(playwrightCounts(file), code);
}

/** Exact versions of bundlers, runtimes and compilers come from the registry: without it, none does. */
async function registryAnswers() {
  const options = { cwd: inRoot(), quiet: true, timeoutMs: 30_000 };
  return (await runNpm(['view', 'vite@8.3.8', 'version'], options)).code === 0;
}

/**
 * @param {Environment} env
 * @returns {Promise<Counts>}
 */
async function contexts(env) {
  const { besidesTests, runContexts } = await import('./lib/contexts.mjs');
  const names = besidesTests();
  const unbuilt = (await build(env)).failures;
  if (unbuilt.length > 0) return { passed: 0, failed: 1, skipped: 0, failures: ['not built'] };
  if (!(await registryAnswers())) {
    console.log(`! The registry does not answer: NOT TESTED in ${names.join(', ')}`);
    return { passed: 0, failed: 0, skipped: names.length, failures: [] };
  }
  console.log(`npm run test:packaging -- ${names.join(' ')}`);
  return runContexts(names, env);
}

const BENCHES = ['tabs', 'volumes'];

/**
 * Whether each comes to its end, with figures that are some.
 * @param {Environment} env
 * @returns {Promise<Counts>}
 */
async function benches(env) {
  const failures = [];
  for (const name of BENCHES) {
    const file = join(REPORTS, `bench-${name}.json`);
    rmSync(file, { force: true });
    const args = ['run', 'bench', '--silent', '--', `--${name}`, '--quick', '--json', file];
    const { code } = await runNpm(args, { env, timeoutMs: 300_000 });
    const figures = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).bars : [];
    const hasAll = figures.length > 0 && figures.every(hasValue);
    if (code !== 0 || !hasAll) failures.push(`bench --${name}: ended with ${code}`);
  }
  const failed = failures.length;
  return { passed: BENCHES.length - failed, failed, skipped: 0, failures };
}

const hasValue = (/** @type {{ value: unknown }} */ { value }) =>
  typeof value === 'number' && Number.isFinite(value);

/** @type {Readonly<Record<string, (env: Environment) => Promise<Counts>>>} */
const STEPS = { check, unit, build, packaging, e2e };
/** @type {typeof STEPS} */
const EXTRA_STEPS = { contexts, benches };
const ALL_STEPS = { ...STEPS, ...EXTRA_STEPS };

/** @returns {string[]} */
function chosenSteps() {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, with: { type: 'string', multiple: true } },
  });
  const only = values.only?.flatMap((names) => names.split(',')) ?? Object.keys(STEPS);
  const chosen = [...only, ...(values.with ?? [])];
  const unknown = chosen.filter((name) => ALL_STEPS[name] === undefined);
  if (unknown.length > 0) {
    throw new Error(
      `no such step: ${unknown.join(', ')}; there are ${Object.keys(ALL_STEPS).join(', ')}`,
    );
  }
  return chosen;
}

const heading = (/** @type {string} */ text) =>
  console.log(`\n━━ ${text} ${'━'.repeat(74 - text.length)}`);

const seconds = (/** @type {number} */ sinceMs) =>
  ((performance.now() - sinceMs) / 1000).toFixed(0);

async function main() {
  const chosen = chosenSteps();
  const startMs = performance.now();
  let passed = 0;
  let failed = 0;
  /** @type {string[]} */
  const summary = [];
  try {
    heading('install');
    await ensureInstalled();
    mkdirSync(REPORTS, { recursive: true });
    const browsers = await findBrowsers();
    console.log(describeBrowsers(browsers));
    if (browsers.chromium === undefined) {
      failed += 1;
      summary.push('✗ browsers: no Chromium, so most of what matters was not tested');
    }
    if (browsers.firefox === undefined)
      summary.push('! Firefox could not be had: NOT TESTED there');
    /** @type {Environment} */
    const env = browserEnvironment(browsers);
    for (const name of chosen) {
      heading(name);
      const stepMs = performance.now();
      const perform = ALL_STEPS[name];
      const counts = await perform?.(env).catch((/** @type {unknown} */ error) => {
        console.error(error);
        return { passed: 0, failed: 1, skipped: 0, failures: [String(error)] };
      });
      if (counts === undefined) continue;
      passed += counts.passed;
      failed += counts.failed;
      const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
      summary.push(
        `${counts.failed === 0 ? '✓' : '✗'} ${name}: ${counts.passed} passed, ${counts.failed} failed${skipped} (${seconds(stepMs)} s)`,
        ...counts.failures
          .slice(0, FAILURES_TOLD)
          .map((failure) => `  ✗ ${failure.replaceAll('\n', '\n      ')}`),
        ...(counts.failures.length > FAILURES_TOLD
          ? [`  … and ${counts.failures.length - FAILURES_TOLD} more`]
          : []),
      );
    }
  } catch (error) {
    console.error(error);
    failed += 1;
    summary.push(`✗ ${error instanceof Error ? error.message : String(error)}`);
  }
  heading(`summary, ${seconds(startMs)} s`);
  console.log(summary.join('\n'));
  console.log(`${passed} passed, ${failed} failed`);
  // Not by falling off the end: something that a check loaded may keep a handle open.
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

await main();

/**
 * How many tests of a step passed and failed, from the report that its runner wrote.
 *
 * Always true: a runner that ended badly counts at least one failure, and so does a step in which
 * nothing ran. A test that passed only when repeated counts as failed.
 */
import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} failures names of what failed
 */

/** @param {string} file @returns {Record<string, any> | undefined} */
function report(file) {
  try {
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {Counts} counts
 * @param {number} code the runner's exit code
 * @returns {Counts}
 */
export function judged(counts, code) {
  const reason =
    counts.failed > 0
      ? undefined
      : code === 124
        ? 'took too long'
        : code !== 0
          ? `ended with code ${code}`
          : counts.passed === 0
            ? 'ran no test'
            : undefined;
  if (reason === undefined) return counts;
  return { ...counts, failed: 1, failures: [...counts.failures, `the step ${reason}`] };
}

/**
 * Vitest's `json` report. A file that did not load has no tests; it counts as one failure.
 * @param {string} file
 * @returns {Counts}
 */
export function vitestCounts(file) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: /** @type {string[]} */ ([]) };
  for (const suite of report(file)?.testResults ?? []) {
    const tests = suite.assertionResults ?? [];
    for (const { status, fullName } of tests) {
      if (status === 'passed') counts.passed += 1;
      else if (status === 'failed') {
        counts.failed += 1;
        counts.failures.push(fullName);
      } else counts.skipped += 1;
    }
    if (suite.status === 'failed' && !tests.some((/** @type {any} */ t) => t.status === 'failed')) {
      counts.failed += 1;
      counts.failures.push(`${suite.name} did not load`);
    }
  }
  return counts;
}

/**
 * Playwright's `json` report.
 * @param {string} file
 * @returns {Counts}
 */
export function playwrightCounts(file) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: /** @type {string[]} */ ([]) };
  const whole = report(file);
  /** @param {any} suite @param {string} path */
  const visit = (suite, path) => {
    const here = [path, suite.title].filter(Boolean).join(' › ');
    for (const spec of suite.specs ?? []) {
      for (const test of spec.tests ?? []) {
        if (test.status === 'expected') counts.passed += 1;
        else if (test.status === 'skipped') counts.skipped += 1;
        else {
          counts.failed += 1;
          counts.failures.push(`${here} › ${spec.title} (${test.status})`);
        }
      }
    }
    for (const inner of suite.suites ?? []) visit(inner, here);
  };
  for (const suite of whole?.suites ?? []) visit(suite, '');
  for (const { message } of whole?.errors ?? []) {
    counts.failed += 1;
    counts.failures.push(String(message).split('\n')[0] ?? '');
  }
  return counts;
}

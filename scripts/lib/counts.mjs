/**
 * How many tests of a step passed and failed, from the report that its runner wrote.
 *
 * Always true: a runner that ended badly counts at least one failure, and so does a step in which
 * nothing ran. A test that passed only when repeated counts as failed. What failed is told with its
 * file and the beginning of its error: whoever has only the summary can begin there.
 */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ROOT } from './root.mjs';

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 * @property {string[]} failures of each that failed its name, and on lines of their own where it
 *   stands and what it said
 */

/** Of an error: a message, the difference below it. */
const REASON_LINES = 12;
const LINE_CHARACTERS = 240;

const isFrame = (/** @type {string} */ line) => /^\s+at |^\s*❯ |^\S+@\S+:\d+:\d+$/.test(line);
const isOwnFrame = (/** @type {string} */ line) =>
  isFrame(line) && !/node_modules|node:|\bat native\b/.test(line);

/**
 * The first lines of an error, without colours, and the first place in our own files.
 * @param {string} [error] message and stack
 * @returns {string[]}
 */
function reasonOf(error = '') {
  const lines = stripVTControlCharacters(error).replaceAll(`${ROOT}/`, '').split('\n');
  const said = lines.filter((line) => line.trim() !== '' && !isFrame(line));
  const place = lines.find(isOwnFrame);
  return [
    ...said.slice(0, REASON_LINES),
    ...(place === undefined ? [] : [`  ${place.trim()}`]),
  ].map((line) => line.slice(0, LINE_CHARACTERS));
}

/**
 * @param {string} name
 * @param {string} file
 * @param {readonly (string | undefined)[]} errors
 */
const failure = (name, file, errors) => [name, file, ...errors.flatMap(reasonOf)].join('\n');

const inRepository = (/** @type {string} */ file) =>
  file.startsWith(ROOT) ? relative(ROOT, file).replaceAll('\\', '/') : file;

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
 * @param {string} path
 * @returns {Counts}
 */
export function vitestCounts(path) {
  const counts = { passed: 0, failed: 0, skipped: 0, failures: /** @type {string[]} */ ([]) };
  for (const suite of report(path)?.testResults ?? []) {
    const tests = suite.assertionResults ?? [];
    const file = inRepository(suite.name);
    for (const { status, fullName, failureMessages } of tests) {
      if (status === 'passed') counts.passed += 1;
      else if (status === 'failed') {
        counts.failed += 1;
        counts.failures.push(failure(fullName, file, failureMessages ?? []));
      } else counts.skipped += 1;
    }
    if (suite.status === 'failed' && !tests.some((/** @type {any} */ t) => t.status === 'failed')) {
      counts.failed += 1;
      counts.failures.push(failure('a file that did not load', file, [suite.message]));
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
          const place = [spec.file ?? suite.file, spec.line].filter(Boolean).join(':');
          const errors = (test.results ?? []).flatMap((/** @type {any} */ { errors = [] }) =>
            errors.map((/** @type {any} */ { stack, message }) => stack ?? message),
          );
          counts.failures.push(failure(`${here} › ${spec.title} (${test.status})`, place, errors));
        }
      }
    }
    for (const inner of suite.suites ?? []) visit(inner, here);
  };
  for (const suite of whole?.suites ?? []) visit(suite, '');
  for (const { message, location } of whole?.errors ?? []) {
    counts.failed += 1;
    counts.failures.push(failure('outside all tests', location?.file ?? '', [String(message)]));
  }
  return counts;
}

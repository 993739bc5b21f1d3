import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { judged, playwrightCounts, vitestCounts } from './counts.mjs';
import { ROOT } from './root.mjs';

const folder = mkdtempSync(join(tmpdir(), 'varve-counts-'));
afterAll(() => rmSync(folder, { recursive: true }));

function reportOf(content: unknown): string {
  const file = join(folder, 'report.json');
  writeFileSync(file, JSON.stringify(content));
  return file;
}

test('a file that did not load is a failure though no test of it ran', () => {
  const file = reportOf({
    testResults: [
      { name: 'a', status: 'passed', assertionResults: [{ status: 'passed', fullName: 'x' }] },
      { name: 'b', status: 'failed', message: 'SyntaxError: no', assertionResults: [] },
    ],
  });
  expect(vitestCounts(file)).toMatchObject({
    passed: 1,
    failed: 1,
    failures: ['a file that did not load\nb\nSyntaxError: no'],
  });
});

test('a test that passed only when repeated has failed', () => {
  const spec = (status: string) => ({ title: status, file: 'f', line: 7, tests: [{ status }] });
  const file = reportOf({
    suites: [
      { title: 'f', specs: [spec('expected')], suites: [{ title: 'g', specs: [spec('flaky')] }] },
    ],
  });
  const { passed, failed, failures } = playwrightCounts(file);
  expect([passed, failed, failures]).toEqual([1, 1, ['f › g › flaky (flaky)\nf:7']]);
});

const STACK = [
  '\u001b[31mAssertionError\u001b[39m: expected 1 to be 2',
  '',
  '    at run (file:///repo/node_modules/vitest/dist/index.js:1:2)',
  `    at ${join(ROOT, 'packages', 'a.test.ts')}:30:5`,
  '    at later (node:internal/timers:1:1)',
].join('\n');
const WHY = ['AssertionError: expected 1 to be 2', '  at packages/a.test.ts:30:5'];

test('whoever has only the summary reads what failed, in which file, with which words, and where', () => {
  const unit = reportOf({
    testResults: [
      {
        name: join(ROOT, 'packages', 'a.test.ts'),
        status: 'failed',
        assertionResults: [{ status: 'failed', fullName: 'a b', failureMessages: [STACK] }],
      },
    ],
  });
  expect(vitestCounts(unit).failures).toEqual([['a b', 'packages/a.test.ts', ...WHY].join('\n')]);
  const results = [{ errors: [{ message: 'not this', stack: STACK }] }, { errors: [] }];
  const e2e = reportOf({
    suites: [
      {
        title: 'f',
        specs: [{ title: 'x', file: 'f', line: 7, tests: [{ status: 'unexpected', results }] }],
      },
    ],
    errors: [{ message: 'no browser', location: { file: 'config.ts' } }],
  });
  expect(playwrightCounts(e2e).failures).toEqual([
    ['f › x (unexpected)', 'f:7', ...WHY].join('\n'),
    'outside all tests\nconfig.ts\nno browser',
  ]);
});

test('of an error that fills pages only the beginning is told', () => {
  const long = Array.from({ length: 1_000 }, () => 'x'.repeat(1_000)).join('\n');
  const file = reportOf({
    testResults: [
      {
        name: 'a',
        assertionResults: [{ status: 'failed', fullName: 'b', failureMessages: [long] }],
      },
    ],
  });
  expect(vitestCounts(file).failures[0]!.length).toBeLessThan(4_000);
});

test('a step that ran nothing, ended badly or left no report is a failure', () => {
  const none = vitestCounts(join(folder, 'absent.json'));
  expect(judged(none, 0).failed).toBe(1);
  expect(judged({ ...none, passed: 3 }, 1).failed).toBe(1);
  expect(judged({ ...none, passed: 3 }, 124).failures).toEqual(['the step took too long']);
  expect(judged({ ...none, passed: 3 }, 0).failed).toBe(0);
});

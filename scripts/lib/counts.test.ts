import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { judged, playwrightCounts, vitestCounts } from './counts.mjs';

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
      { name: 'b', status: 'failed', assertionResults: [] },
    ],
  });
  expect(vitestCounts(file)).toMatchObject({ passed: 1, failed: 1, failures: ['b did not load'] });
});

test('a test that passed only when repeated has failed', () => {
  const spec = (status: string) => ({ title: status, tests: [{ status }] });
  const file = reportOf({
    suites: [
      { title: 'f', specs: [spec('expected')], suites: [{ title: 'g', specs: [spec('flaky')] }] },
    ],
  });
  const { passed, failed, failures } = playwrightCounts(file);
  expect([passed, failed, failures]).toEqual([1, 1, ['f › g › flaky (flaky)']]);
});

test('a step that ran nothing, ended badly or left no report is a failure', () => {
  const none = vitestCounts(join(folder, 'absent.json'));
  expect(judged(none, 0).failed).toBe(1);
  expect(judged({ ...none, passed: 3 }, 1).failed).toBe(1);
  expect(judged({ ...none, passed: 3 }, 124).failures).toEqual(['the step took too long']);
  expect(judged({ ...none, passed: 3 }, 0).failed).toBe(0);
});

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { COMPATIBILITY_DOC, compatibilityDocument } from './compatibility-doc.mjs';
import type { Row } from './compatibility-doc.mjs';

const row = {
  section: 'Bundlers',
  context: 'a bundler',
  outcome: 'one line: `a | b`',
  version: '1.0.0',
  shown: 'stored, killed, recovered',
  day: '2026-11-21',
};

test('what was found is a row; what nobody looked at says so, and so does a whole section', () => {
  const text = compatibilityDocument([row]);
  expect(text).toContain(
    String.raw`| a bundler | one line: ${'`a \\| b`'} | 1.0.0 | stored, killed, recovered | 2026-11-21 |`,
  );
  expect(text).toMatch(/Safari on macOS and iOS \| not measured/);
  expect(text).toContain('| all of it | not measured | – | – | – |');
});

test('a row of a section that the document has not is an error, not left out', () => {
  expect(() => compatibilityDocument([{ ...row, section: 'Elsewhere' }])).toThrow(/Elsewhere/);
});

test.each(['works', 'works (appends)', 'one line: `x`'])(
  'a context that %s, and of which nothing was killed, is an error',
  (outcome) => {
    const spared = { ...row, outcome, shown: 'stored and read' };
    expect(() => compatibilityDocument([spared])).toThrow(/nothing was killed: a bundler/);
  },
);

/** What a run found, read out of the document. */
function rowsOf(document: string): Row[] {
  let section = '';
  const rows: Row[] = [];
  for (const line of document.split('\n')) {
    if (line.startsWith('## ')) section = line.slice(3);
    if (!line.startsWith('| ') || /^\| (?:context|---) /.test(line)) continue;
    const cells = line.slice(2, -2).split(/ (?<!\\)\| /);
    const [context = '', outcome = '', version = '', shown = '', day = ''] = cells.map((cell) =>
      cell.replaceAll(String.raw`\|`, '|'),
    );
    if (day !== '–') rows.push({ section, context, outcome, version, shown, day });
  }
  return rows;
}

test('docs/COMPATIBILITY.md is what is made of its rows: nothing else in it was written by hand', () => {
  const document = readFileSync(COMPATIBILITY_DOC, 'utf8');
  const rows = rowsOf(document);
  expect(rows.length).toBeGreaterThan(50);
  expect(compatibilityDocument(rows)).toBe(document);
});

import { expect, test } from 'vitest';
import { compatibilityDocument } from './compatibility-doc.mjs';

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

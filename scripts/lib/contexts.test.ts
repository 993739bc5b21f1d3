import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { besidesTests, contextNames } from './contexts.mjs';
import { inRoot } from './root.mjs';

test('CI takes every file of contexts but the one that `npm test` has, the long ones first', () => {
  const names = besidesTests();
  expect([...names, 'extension'].toSorted()).toEqual(contextNames());
  expect(names.slice(0, 2).toSorted()).toEqual(['bundlers', 'vite']);
});

test('CI runs the tests, and them', () => {
  expect(readFileSync(inRoot('.ci', 'run'), 'utf8')).toMatch(
    /^exec npm test .*--with contexts --with benches$/m,
  );
});

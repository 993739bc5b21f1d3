import { expect, test } from 'vitest';
import { besidesTests, contextNames } from './contexts.mjs';

test('CI takes every file of contexts but the one that `npm test` has, the long ones first', () => {
  const names = besidesTests();
  expect([...names, 'extension'].toSorted()).toEqual(contextNames());
  expect(names.slice(0, 2).toSorted()).toEqual(['bundlers', 'vite']);
});

import { expect, test } from 'vitest';
import { wrongDependencies, wrongImports } from './floors.mjs';

const JOURNAL = {
  name: '@varve/journal',
  dependencies: { '@varve/bytes': '*', '@varve/files': '*' },
};
const VARVE = { name: 'varve', dependencies: { '@varve/protocol': '*', '@varve/journal': '*' } };

const inJournal = (text: string, path = 'packages/journal/src/tail.ts'): string[] =>
  wrongImports(path, text, 'packages/journal', JOURNAL);
const inVarve = (text: string, path = 'packages/varve/src/log.ts'): string[] =>
  wrongImports(path, text, 'packages/varve', VARVE);

test('an import from a lower floor passes', () => {
  expect(inJournal("import { invariant } from '@varve/bytes';")).toEqual([]);
  expect(inJournal("export { x } from './batch.ts';")).toEqual([]);
});

test('a planted upward import is refused, however it is written', () => {
  for (const text of [
    "import { Engine } from '@varve/engine';",
    "import type { Engine } from '@varve/engine';",
    "export { Engine } from '@varve/engine';",
    "export * from '@varve/engine';",
    "import '@varve/engine/worker';",
    "const engine = await import('@varve/engine');",
    "let engine: import('@varve/engine').Engine;",
  ]) {
    expect(inJournal(text).join(), text).toMatch(/floor 5 from floor 2/);
  }
});

test('a comment or a string that looks like an upward import is none', () => {
  expect(inJournal("// import { Engine } from '@varve/engine';\nconst x = 'varve';")).toEqual([]);
});

test('the platform is refused below the edges, and allowed in tests', () => {
  expect(inJournal("import { readFileSync } from 'node:fs';").join()).toMatch(/only the edges/);
  expect(inJournal("import { x } from '@varve/files/node';").join()).toMatch(/only the edges/);
  expect(inJournal("import 'node:fs';", 'packages/journal/src/tail.test.ts')).toEqual([]);
});

test('a relative import that leaves the package is refused', () => {
  expect(inJournal("import '../../bytes/src/index.ts';").join()).toMatch(/outside its package/);
});

test('a package that the package.json does not name is refused', () => {
  expect(inJournal("import { wrap } from 'comlink';").join()).toMatch(/not in its package.json/);
});

test('page code that takes a value from below the worker is refused, a type is not', () => {
  expect(inVarve("import { openJournal } from '@varve/journal';").join()).toMatch(/only types/);
  expect(inVarve("import type { Journal } from '@varve/journal';")).toEqual([]);
});

test('only the worker entries of varve reach the engine', () => {
  const text = "import '@varve/engine/worker';";
  const varve = { name: 'varve', dependencies: { '@varve/engine': '*' } };
  expect(wrongImports('packages/varve/src/worker.ts', text, 'packages/varve', varve)).toEqual([]);
  expect(wrongImports('packages/varve/src/log.ts', text, 'packages/varve', varve)).not.toEqual([]);
});

test('an upward dependency in a package.json is refused', () => {
  expect(wrongDependencies(JOURNAL)).toEqual([]);
  const upward = { name: '@varve/bytes', dependencies: { '@varve/files': '*' } };
  expect(wrongDependencies(upward)).toHaveLength(1);
});

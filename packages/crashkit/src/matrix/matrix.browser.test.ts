/// <reference types="vite/client" />
import { beforeAll, expect, test } from 'vitest';
import safety from '../../../../docs/SAFETY.md?raw';
import { type MatrixRow, matrixTable, measureMatrix } from './matrix.ts';

let rows: readonly MatrixRow[] = [];
beforeAll(async () => {
  rows = await measureMatrix();
}, 30_000);

/** Title → what the document's table says of this browser, when it was measured in this version. */
function documented(): Map<string, string | undefined> {
  const table = safety.split('<!-- matrix: npm run matrix -->')[1]?.split('<!-- /matrix -->')[0];
  const [head = [], , ...lines] = (table ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
  const [, name, version] = /(Chrom|Firefox)\w*\/(\d+)/.exec(navigator.userAgent) ?? [];
  // A test's own context keeps its storage in memory, as a private window does.
  const column = head.findLastIndex((cell) => new RegExp(`^${name}\\w* ${version}\\.`).test(cell));
  return new Map(lines.map((cells) => [cells[1]!, column < 0 ? undefined : cells[column]]));
}

test('every row is measured, a second handle is refused, nothing stays behind', async () => {
  const found = new Map(rows.map((row) => [row.what, row.found]));
  expect(rows.filter((row) => row.found.startsWith('failed'))).toEqual([]);
  expect(found.get('a second handle on an open file')).toBe('NoModificationAllowedError');
  expect(found.get('writing to a closed handle')).toBe('InvalidStateError');
  const root = await navigator.storage.getDirectory();
  const left: string[] = [];
  for await (const name of root.keys()) if (name.startsWith('matrix-')) left.push(name);
  expect(left).toEqual([]);
});

test('docs/SAFETY.md has every row, and says what this browser still does', () => {
  const said = documented();
  for (const { what, found } of rows) {
    expect(said.has(what), `no row: ${what}; npm run matrix`).toBe(true);
    const before = said.get(what);
    // Times and sizes differ from machine to machine; what is refused, and how, does not.
    if (before !== undefined && /Error$|^allowed|^refused/.test(before))
      expect(found, `${what}; npm run matrix`).toBe(before);
  }
});

test('what a browser did not measure is said to be not measured', () => {
  const one = { name: 'one', rows: [{ what: 'a', found: '1' }] };
  const two = { name: 'two', rows: [{ what: 'b', found: '2' }] };
  expect(matrixTable([one, two])).toBe(
    '|  | one | two |\n| --- | --- | --- |\n| a | 1 | not measured |\n| b | not measured | 2 |',
  );
});

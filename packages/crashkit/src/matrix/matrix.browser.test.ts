import { expect, test } from 'vitest';
import { matrixTable, measureMatrix } from './matrix.ts';

test('every row is measured, a second handle is refused, nothing stays behind', async () => {
  const rows = await measureMatrix();
  const found = new Map(rows.map((row) => [row.what, row.found]));
  expect(rows.filter((row) => row.found.startsWith('failed'))).toEqual([]);
  expect(found.get('a second handle on an open file')).toBe('NoModificationAllowedError');
  expect(found.get('writing to a closed handle')).toBe('InvalidStateError');
  const root = await navigator.storage.getDirectory();
  const left: string[] = [];
  for await (const name of root.keys()) if (name.startsWith('matrix-')) left.push(name);
  expect(left).toEqual([]);
});

test('what a browser did not measure is said to be not measured', () => {
  const one = { name: 'one', rows: [{ what: 'a', found: '1' }] };
  const two = { name: 'two', rows: [{ what: 'b', found: '2' }] };
  expect(matrixTable([one, two])).toBe(
    '|  | one | two |\n| --- | --- | --- |\n| a | 1 | not measured |\n| b | not measured | 2 |',
  );
});

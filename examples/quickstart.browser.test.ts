import { deleteStore } from 'varve/stores';
import { expect, test } from 'vitest';
import { diary } from './quickstart.ts';

test('the README’s example keeps what it wrote over two openings', async () => {
  await deleteStore('diary');
  expect(await diary('first')).toEqual(['1 first']);
  expect(await diary('second')).toEqual(['1 first', '2 second']);
});

import { deleteStore } from 'varve/stores';
import { openVolume } from 'varve/volume';
import { expect, test } from 'vitest';
import { TOLD } from './volume-tour.told.ts';
import { tour } from './volume-tour.ts';

test('every call of a volume, in a page: it tells what it found, and closes at the end of its scope', async () => {
  await deleteStore('tour');
  expect(await tour(openVolume)).toEqual(TOLD);
  await deleteStore('tour');
});

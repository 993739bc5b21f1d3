import { deleteStore } from 'varve/stores';
import { openVolume } from 'varve/volume';
import { expect, test } from 'vitest';
import { keepAll } from './volume.ts';

const file = (byte: number, length = 4096): Uint8Array => new Uint8Array(length).fill(byte);

test('the README’s volume keeps all files, or is as it was before', async () => {
  await deleteStore('disk0');
  expect(await keepAll([file(1), file(2)])).toBe(3 * 4096);
  // The third is too large for the volume: what the first two changed is taken back.
  expect(await keepAll([file(7), file(8), file(9, 2 * 1024 * 1024)])).toBe(0);
  const volume = await openVolume('disk0', { create: false });
  expect((await volume.read(0, 1))[0]).toBe(2);
  expect(await volume.read(4096, 8192)).toEqual(Uint8Array.of(...file(1), ...file(2)));
  expect(await volume.snapshots()).toEqual([]);
  expect(await volume.check()).toMatchObject({ ok: true });
  await volume.close();
});

import { expect, test } from 'vitest';
import { deleteStore } from './stores.ts';
import { SMALL, pattern, volumeCases } from './test/volume-cases.ts';
import { openVolume } from './volume.ts';

test.each(Object.entries(volumeCases))('in a page: %s', async (_, run) => {
  const names = new Set<string>();
  const stamp = `-${Date.now()}`;
  await run((name, options) => {
    names.add(name + stamp);
    return openVolume(name + stamp, options);
  });
  for (const name of names) await deleteStore(name);
});

test('a worker that is terminated in the middle loses nothing that was acknowledged', async () => {
  const name = `terminated-${Date.now()}`;
  let worker: Worker | undefined;
  const make = (): Worker =>
    (worker = new Worker(new URL('./volume-worker.ts', import.meta.url), { type: 'module' }));
  const volume = await openVolume(name, { ...SMALL, worker: make });
  await volume.write(0, pattern(200_000, 1));
  await volume.snapshot('kept');
  await volume.write(0, pattern(200_000, 2));
  const pending = volume.write(0, pattern(200_000, 3));
  worker!.terminate();
  await expect(pending).rejects.toMatchObject({ code: 'WORKER_DIED', outcome: 'unknown' });
  const again = await openVolume(name);
  const found = await again.read(0, 200_000);
  expect(
    [2, 3].some((seed) => pattern(200_000, seed).every((byte, at) => byte === found[at])),
  ).toBe(true);
  const [snapshot] = await again.snapshots();
  expect(await snapshot!.read(0, 200_000)).toEqual(pattern(200_000, 1));
  expect(await again.check()).toMatchObject({ ok: true });
  await again.close();
  await deleteStore(name);
});

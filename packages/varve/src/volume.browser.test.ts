import { expect, test } from 'vitest';
import { deleteStore } from './stores.ts';
import { SMALL, pattern, volumeCases } from './test/volume-cases.ts';
import { openVolume } from './volume.ts';

/** Writes issued just before the worker is ended: far more than it can finish on its way out. */
const ROW = 50;
/** A page that stood still between the two has them all answered. */
const ATTEMPTS = 5;

const same = (a: Uint8Array, b: Uint8Array): boolean => a.every((byte, at) => byte === b[at]);

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
  const row = Array.from({ length: ROW }, (_, seed) => pattern(200_000, seed + 2));
  for (let attempt = 1; ; attempt++) {
    const name = `terminated-${attempt}-${Date.now()}`;
    let worker: Worker | undefined;
    const make = (): Worker =>
      (worker = new Worker(new URL('./volume-worker.ts', import.meta.url), { type: 'module' }));
    const volume = await openVolume(name, { ...SMALL, worker: make });
    await volume.write(0, pattern(200_000, 1));
    await volume.snapshot('kept');
    await volume.write(0, row[0]!);
    // A worker that was told to end may still finish what it has begun, so no single write can be
    // expected to fail: of a long row of them some do, and none that succeeded may be gone.
    const writes = row.slice(1).map((bytes) => volume.write(0, bytes));
    worker!.terminate();
    const settled = await Promise.allSettled(writes);
    const acknowledged = 1 + settled.findLastIndex(({ status }) => status === 'fulfilled');
    const failures = settled.filter((outcome) => outcome.status === 'rejected');
    for (const { reason } of failures) {
      expect(reason).toMatchObject({ code: 'WORKER_DIED', outcome: 'unknown' });
    }
    const again = await openVolume(name);
    const found = await again.read(0, 200_000);
    const written = row.findIndex((bytes) => same(bytes, found));
    expect(written).toBeGreaterThanOrEqual(acknowledged);
    const [snapshot] = await again.snapshots();
    expect(await snapshot!.read(0, 200_000)).toEqual(pattern(200_000, 1));
    expect(await again.check()).toMatchObject({ ok: true });
    await again.close();
    await deleteStore(name);
    if (failures.length > 0) return;
    expect(attempt).toBeLessThan(ATTEMPTS);
  }
});

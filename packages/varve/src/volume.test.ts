import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openVolume } from './node/index.ts';
import { SMALL, collect, expectBytes, pattern, volumeCases } from './test/volume-cases.ts';
import { testVolumes } from './test/volume-engine.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'varve-volume-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

describe.each(Object.entries(volumeCases))('%s', (_, run) => {
  test('in memory', () => run(testVolumes().open));
  test('in Node, engine in this thread', () =>
    run((name, options) => openVolume(name, { ...options, directory, inline: true })));
});

describe('a volume', () => {
  test('in Node, in a worker: written, snapshotted, opened again', async () => {
    const open = (options = {}) => openVolume('threads', { ...options, directory });
    const first = await open(SMALL);
    await first.write(100, pattern(10_000, 1));
    const snapshot = await first.snapshot('then');
    await first.write(100, pattern(10_000, 2));
    expect(await snapshot.read(100, 10_000)).toEqual(pattern(10_000, 1));
    await first.close();
    const second = await open();
    expect(await second.read(100, 10_000)).toEqual(pattern(10_000, 2));
    expect(await collect(second.diff('then'))).toEqual([{ at: 0, length: 12_288 }]);
    await second.close();
  });

  test('opened twice in one page is one; it closes with the last', async () => {
    const volumes = testVolumes();
    const [a, b] = await Promise.all([volumes.open('twice', SMALL), volumes.open('twice', SMALL)]);
    await a.write(0, pattern(10, 1));
    await a.close();
    expect(await b.read(0, 10)).toEqual(pattern(10, 1));
    await b.close();
    await expect(b.read(0, 10)).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('that another page has open is busy, and free when that one closes', async () => {
    const volumes = testVolumes();
    const first = await volumes.open('busy', SMALL);
    const other = volumes.otherPage();
    const refused = other.open('busy', { busyTimeoutMs: 20 });
    await expect(refused).rejects.toMatchObject({ code: 'STORE_BUSY', outcome: 'not-written' });
    const waiting = other.open('busy', { busyTimeoutMs: 5_000 });
    await first.close();
    await (await waiting).close();
  });

  test('given back when the page is hidden comes back with the next call', async () => {
    const volumes = testVolumes();
    const volume = await volumes.open('parked', SMALL);
    await volume.write(0, pattern(10, 1));
    volumes.park();
    const other = await volumes.otherPage().open('parked');
    await other.write(5, pattern(3, 2));
    await other.close();
    const expected = pattern(10, 1);
    expected.set(pattern(3, 2), 5);
    expect(await volume.read(0, 10)).toEqual(expected);
    await volume.close();
  });

  test('given back in the middle of a long read: the read goes on when it is taken again', async () => {
    const volumes = testVolumes();
    const volume = await volumes.open('hidden', SMALL);
    const bytes = pattern(4 * 1024 * 1024, 1);
    await volume.write(0, bytes);
    const read = volume.read(0, bytes.length);
    volumes.park();
    volumes.wake();
    expectBytes(await read, bytes);
    await volume.close();
  });

  test('whose engine dies fails what waits, and opens again with all that was acknowledged', async () => {
    const volumes = testVolumes();
    const volume = await volumes.open('dying', SMALL);
    await volume.write(0, pattern(5000, 1));
    const pending = volume.write(0, pattern(5000, 2));
    volumes.kill();
    await expect(pending).rejects.toMatchObject({ code: 'WORKER_DIED', outcome: 'unknown' });
    await expect(volume.read(0, 1)).rejects.toMatchObject({ code: 'WORKER_DIED' });
    const again = await volumes.open('dying');
    const found = await again.read(0, 5000);
    expect([pattern(5000, 1), pattern(5000, 2)]).toContainEqual(found);
    await again.close();
  });

  test('aborted before it was sent: not written; afterwards nobody knows', async () => {
    const volume = await testVolumes().open('aborted', SMALL);
    const over = AbortSignal.abort();
    await expect(volume.write(0, pattern(9, 1), { signal: over })).rejects.toMatchObject({
      code: 'ABORTED',
      outcome: 'not-written',
    });
    const abort = new AbortController();
    const sent = volume.write(0, pattern(9, 1), { signal: abort.signal });
    abort.abort();
    await expect(sent).rejects.toMatchObject({ code: 'ABORTED', outcome: 'unknown' });
    await volume.close();
  });

  test('that nobody made is not made where `create` is false', async () => {
    const opening = testVolumes().open('nowhere', { create: false });
    await expect(opening).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test.each([
    ['no size for a new one', {}],
    ['a chunk size that is no power of two', { sizeBytes: 8192, chunkSizeBytes: 5000 }],
    ['a negative size', { sizeBytes: -1 }],
    ['a fallback that there is not', { sizeBytes: 8192, fallback: 'disk' as 'memory' }],
  ])('%s is refused', async (_, options) => {
    const opening = testVolumes().open('refused', options);
    await expect(opening).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
  });

  test('places that are none are refused, and harm nothing', async () => {
    const volume = await testVolumes().open('places', SMALL);
    const bad = { code: 'BAD_ARGUMENT' };
    await expect(volume.write(-1, pattern(1, 1))).rejects.toMatchObject(bad);
    await expect(volume.write(0.5, pattern(1, 1))).rejects.toMatchObject(bad);
    await expect(volume.write(0, 'x' as never)).rejects.toMatchObject(bad);
    await expect(volume.write(4 * 1024 * 1024 - 1, pattern(2, 1))).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
    });
    await expect(volume.restore('nobody')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(volume.snapshot('')).rejects.toMatchObject(bad);
    expect(await volume.read(0, 8)).toEqual(new Uint8Array(8));
    await volume.close();
  });

  test('work tells how far it has come, and its listener may leave without stopping it', async () => {
    const volume = await testVolumes().open('work', SMALL);
    await volume.write(0, pattern(2_000_000, 1));
    await volume.snapshot('old');
    await volume.write(0, pattern(2_000_000, 2));
    const told: number[] = [];
    const report = await volume.check({ onProgress: ({ done }) => told.push(done) });
    expect(report.ok).toBe(true);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    const leaving = AbortSignal.abort();
    await expect(volume.deleteSnapshot('old', { signal: leaving })).rejects.toMatchObject({
      code: 'ABORTED',
      outcome: 'not-written',
    });
    expect(await volume.snapshots()).toHaveLength(1);
    await volume.deleteSnapshot('old');
    expect(await volume.snapshots()).toEqual([]);
    await volume.close();
  });
});

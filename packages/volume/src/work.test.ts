/** Deletions and restores in the background: progress, waiting that is given up, and what goes on. */
import { createMemoryHost } from '@varve/files/memory';
import { SimulatedDisk } from '@varve/files/simulated';
import { describe, expect, test } from 'vitest';
import { soon } from '../crash/timers.ts';
import { openVolume, type Progress, type Volume, type VolumeEvent } from './index.ts';

const CHUNK = 512;
const CHUNKS = 100;
const OPTIONS = {
  sizeBytes: CHUNKS * CHUNK,
  chunkSizeBytes: CHUNK,
  segmentSizeBytes: 16_384,
  stepExceptions: 7,
};

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

/** A snapshot `old` of ones behind an origin of twos, every chunk of which differs. */
async function volumeWithExceptions(
  events: VolumeEvent[] = [],
): Promise<{ host: ReturnType<typeof createMemoryHost>; volume: Volume }> {
  const host = createMemoryHost();
  const volume = await openVolume(host, 'v', OPTIONS, (event) => events.push(event));
  await volume.write(0, filled(CHUNKS * CHUNK, 1));
  await volume.snapshot('old');
  await volume.write(0, filled(CHUNKS * CHUNK, 2));
  return { host, volume };
}

function byteAt(volume: Volume, at: number, view?: string): number {
  const buffer = new Uint8Array(1);
  void volume.readInto(buffer, { at, ...(view !== undefined && { view }) });
  return buffer[0]!;
}

describe('a deletion', () => {
  test('hides the name at once, tells how far it is, and gives the space back', async () => {
    const events: VolumeEvent[] = [];
    const { volume } = await volumeWithExceptions(events);
    const progress: Progress[] = [];
    const deleted = volume.deleteSnapshot('old', { onProgress: (now) => progress.push(now) });
    expect(volume.snapshots()).toEqual([]);
    expect(volume.status().work).toMatchObject([{ kind: 'delete', name: 'old' }]);
    await deleted;
    expect(progress.length).toBeGreaterThan(10);
    expect(progress.map(({ done }) => done)).toEqual(
      progress.map(({ done }) => done).sort((a, b) => a - b),
    );
    expect(progress.at(-1)).toEqual({ done: CHUNKS, total: CHUNKS });
    expect(events.filter(({ type }) => type === 'work-done')).toEqual([
      { type: 'work-done', kind: 'delete', name: 'old' },
    ]);
    expect(volume.status()).toMatchObject({
      work: [],
      exceptions: 0,
      usedChunks: CHUNKS,
      quarantinedChunks: CHUNKS,
    });
    await volume.checkpoint();
    expect(volume.status().quarantinedChunks).toBe(0);
    await volume.close();
  });

  test('goes on when nobody waits for it any more, and writes go between its steps', async () => {
    const { volume } = await volumeWithExceptions();
    const abort = new AbortController();
    const deleted = volume.deleteSnapshot('old', {
      signal: abort.signal,
      onProgress: () => abort.abort(),
    });
    await expect(deleted).rejects.toMatchObject({ name: 'AbortError' });
    const before = volume.status().exceptions;
    expect(before).toBeGreaterThan(0);
    await volume.write(0, filled(CHUNK, 3));
    expect(volume.status().exceptions).toBeGreaterThan(0);
    await expect.poll(() => volume.status().work).toEqual([]);
    expect(volume.status().exceptions).toBe(0);
    expect(byteAt(volume, 0)).toBe(3);
    await volume.close();
  });

  test.each(['close', 'abandon'] as const)('goes on after a %s in its middle', async (end) => {
    const { host, volume } = await volumeWithExceptions();
    let steps = 0;
    const deleted = volume.deleteSnapshot('old', {
      onProgress: () => {
        if (++steps === 3) void volume[end]();
      },
    });
    await expect(deleted).rejects.toMatchObject({ code: 'CLOSED' });
    await volume.close();
    const again = await openVolume(host, 'v', { stepExceptions: 7 });
    expect(again.status().work).toMatchObject([{ kind: 'delete', name: 'old' }]);
    expect(again.status().exceptions).toBeGreaterThan(0);
    expect(again.status().exceptions).toBeLessThan(CHUNKS);
    // The name is free for another one meanwhile.
    await again.snapshot('old');
    await expect.poll(() => again.status().work).toEqual([]);
    expect(again.status().exceptions).toBe(0);
    expect(byteAt(again, 0, 'old')).toBe(2);
    expect((await again.check()).findings).toEqual([]);
    await again.close();
  });
});

describe('a restore', () => {
  test('is to be seen from the call on; what is written meanwhile comes after it', async () => {
    const { volume } = await volumeWithExceptions();
    const restored = volume.restore('old');
    expect([byteAt(volume, 0), byteAt(volume, 99 * CHUNK)]).toEqual([1, 1]);
    const bytes = filled(CHUNK, 9);
    const written = volume.write(99 * CHUNK, bytes);
    bytes.fill(77);
    expect(byteAt(volume, 99 * CHUNK)).toBe(1);
    await restored;
    await written;
    expect([byteAt(volume, 0), byteAt(volume, 99 * CHUNK)]).toEqual([1, 9]);
    expect(byteAt(volume, 99 * CHUNK, 'old')).toBe(1);
    expect(volume.status().exceptions).toBe(1);
    await volume.close();
  });

  test('goes on after a crash in its middle, for readers without a seam', async () => {
    const { host, volume } = await volumeWithExceptions();
    await volume.snapshot('new');
    let steps = 0;
    const restored = volume.restore('old', {
      onProgress: () => {
        if (++steps === 3) volume.abandon();
      },
    });
    await expect(restored).rejects.toMatchObject({ code: 'CLOSED' });
    const again = await openVolume(host, 'v', { stepExceptions: 7 });
    expect(again.status().work).toMatchObject([{ kind: 'restore', name: 'old' }]);
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      expect([byteAt(again, chunk * CHUNK), byteAt(again, chunk * CHUNK, 'new')]).toEqual([1, 2]);
    }
    expect((await again.check()).findings).toEqual([]);
    await again.write(0, filled(1, 5));
    expect(again.status().work).toEqual([]);
    expect([...again.diff('old')]).toEqual([{ at: 0, length: CHUNK }]);
    expect((await again.check()).findings).toEqual([]);
    await again.close();
  });
});

test('a signal that fired stops a change before it is planned', async () => {
  const { volume } = await volumeWithExceptions();
  const signal = AbortSignal.abort();
  await expect(volume.write(0, filled(1, 8), { signal })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(byteAt(volume, 0)).toBe(2);
  await volume.close();
});

test('a deletion that cannot go on is not said to have never begun', async () => {
  const disk = new SimulatedDisk({ record: false });
  const host = { ...disk.host(), timers: soon };
  const options = { ...OPTIONS, segmentSizeBytes: 4_096, stepExceptions: 1 };
  const volume = await openVolume(host, 'v', options);
  await volume.write(0, filled(CHUNKS * CHUNK, 1));
  await volume.snapshot('old');
  await volume.write(0, filled(CHUNKS * CHUNK, 2));
  // The record of the deletion finds room; those of its steps do not.
  const full = disk.inject({ on: 'grow', effect: { throws: 'no-space' }, sticky: true });
  const error: unknown = await volume.deleteSnapshot('old').catch((reason: unknown) => reason);
  expect(full.strikes).toBeGreaterThan(0);
  expect(error).toMatchObject({ code: 'QUOTA_EXCEEDED', outcome: 'unknown' });
  full.cancel();
  volume.abandon();
  const reopened = await openVolume(host, 'v', { create: false });
  expect(reopened.snapshots()).toEqual([]);
  reopened.abandon();
});

describe('a deletion that failed too often', () => {
  async function volumeWithOneLeftAlone(): Promise<Volume> {
    const disk = new SimulatedDisk({ record: false });
    const options = { ...OPTIONS, segmentSizeBytes: 4_096, stepExceptions: 1 };
    const volume = await openVolume({ ...disk.host(), timers: soon }, 'v', options);
    await volume.write(0, filled(CHUNKS * CHUNK, 1));
    await volume.snapshot('old');
    await volume.snapshot('other');
    await volume.write(0, filled(CHUNKS * CHUNK, 2));
    const full = disk.inject({ on: 'grow', effect: { throws: 'no-space' }, sticky: true });
    await expect(volume.deleteSnapshot('old')).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    full.cancel();
    // Loaded anew.
    await volume.flush();
    expect(volume.status().work).toMatchObject([{ kind: 'delete', name: 'old' }]);
    return volume;
  }

  test('goes on when somebody waits for another one, which comes to its end', async () => {
    const volume = await volumeWithOneLeftAlone();
    await volume.deleteSnapshot('other');
    expect(volume.status()).toMatchObject({ work: [], exceptions: 0, usedChunks: CHUNKS });
    expect((await volume.check()).findings).toEqual([]);
    await volume.close();
  });

  test('goes on after a checkpoint', async () => {
    const volume = await volumeWithOneLeftAlone();
    await volume.checkpoint();
    await expect.poll(() => volume.status().work).toEqual([]);
    expect(volume.snapshots().map(({ name }) => name)).toEqual(['other']);
    await volume.close();
  });

  test('fails again where it cannot go on, and so does who waits for another one', async () => {
    const disk = new SimulatedDisk({ record: false });
    const options = { ...OPTIONS, segmentSizeBytes: 4_096, stepExceptions: 1 };
    const volume = await openVolume({ ...disk.host(), timers: soon }, 'v', options);
    await volume.write(0, filled(CHUNKS * CHUNK, 1));
    await volume.snapshot('old');
    await volume.snapshot('other');
    await volume.write(0, filled(CHUNKS * CHUNK, 2));
    disk.inject({ on: 'grow', effect: { throws: 'no-space' }, sticky: true });
    for (const name of ['old', 'other'])
      await expect(volume.deleteSnapshot(name)).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
    volume.abandon();
  });
});

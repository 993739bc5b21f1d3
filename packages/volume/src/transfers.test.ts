/** How many reads, writes and flushes of its pool a volume's calls cost: neighbours travel together. */
import type { Directory, Host, SyncFile } from '@varve/files';
import { createMemoryHost } from '@varve/files/memory';
import { describe, expect, test } from 'vitest';
import { openVolume, type Volume } from './index.ts';

const MIB = 1_024 * 1_024;
const CHUNK = 4_096;
const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

interface Transfers {
  reads: number;
  writes: number;
  flushes: number;
}

/** A host that counts what is done to the file that is called so. */
function counting(name: string): { host: Host; counts: Transfers } {
  const counts: Transfers = { reads: 0, writes: 0, flushes: 0 };
  const watched = (file: SyncFile): SyncFile => ({
    read: (buffer, options) => {
      counts.reads++;
      return file.read(buffer, options);
    },
    write: (buffer, options) => {
      counts.writes++;
      return file.write(buffer, options);
    },
    flush: () => {
      counts.flushes++;
      file.flush();
    },
    truncate: (size) => file.truncate(size),
    getSize: () => file.getSize(),
    close: () => file.close(),
  });
  const within = (inner: Directory): Directory => ({
    ...inner,
    list: () => inner.list(),
    hasFile: (file) => inner.hasFile(file),
    removeFile: (file) => inner.removeFile(file),
    removeDirectory: (child) => inner.removeDirectory(child),
    async openFile(file, options) {
      const opened = await inner.openFile(file, options);
      return file === name && opened !== undefined ? watched(opened) : opened;
    },
    async directory(child, options) {
      const found = await inner.directory(child, options);
      return found && within(found);
    },
  });
  const host = createMemoryHost();
  return { host: { ...host, root: within(host.root) }, counts };
}

async function during(counts: Transfers, work: () => unknown): Promise<Transfers> {
  const { reads, writes, flushes } = counts;
  await work();
  return {
    reads: counts.reads - reads,
    writes: counts.writes - writes,
    flushes: counts.flushes - flushes,
  };
}

async function opened(): Promise<{ volume: Volume; counts: Transfers }> {
  const { host, counts } = counting('data');
  const volume = await openVolume(host, 'v', { sizeBytes: 64 * MIB, chunkSizeBytes: CHUNK });
  return { volume, counts };
}

describe('256 chunks side by side', () => {
  test('are written in one go, with one flush', async () => {
    const { volume, counts } = await opened();
    const cost = await during(counts, () => volume.write(8 * MIB, filled(MIB, 1)));
    expect(cost).toEqual({ reads: 0, writes: 1, flushes: 1 });
    await volume.close();
  });

  test('are read in few goes, in the origin and in a snapshot that shares them', async () => {
    const { volume, counts } = await opened();
    await volume.write(8 * MIB, filled(MIB, 1));
    await volume.snapshot('before');
    const buffer = new Uint8Array(MIB);
    for (const view of [undefined, 'before']) {
      const place = { at: 8 * MIB, ...(view !== undefined && { view }) };
      const { reads } = await during(counts, () => volume.readInto(buffer, place));
      expect(reads).toBeLessThanOrEqual(1);
      expect(buffer.every((byte) => byte === 1)).toBe(true);
    }
    await volume.close();
  });

  test('copied on write after a snapshot, go to fresh space in one go, and the old are not read', async () => {
    const { volume, counts } = await opened();
    await volume.write(8 * MIB, filled(MIB, 1));
    await volume.snapshot('before');
    const cost = await during(counts, () => volume.write(8 * MIB, filled(MIB, 2)));
    expect(cost).toEqual({ reads: 0, writes: 1, flushes: 1 });
    await volume.close();
  });

  test('written one at a time leave the buffer together at a checkpoint', async () => {
    const { volume, counts } = await opened();
    const writes = await during(counts, async () => {
      for (let chunk = 0; chunk < 256; chunk++)
        await volume.write(8 * MIB + chunk * CHUNK, filled(CHUNK, chunk));
    });
    const checkpoint = await during(counts, () => volume.checkpoint());
    expect(writes.writes + checkpoint.writes).toBeLessThanOrEqual(8);
    await volume.close();
  });
});

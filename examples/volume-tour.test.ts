import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openVolume } from 'varve/node';
import { expect, test } from 'vitest';
import { TOLD } from './volume-tour.told.ts';
import { tour } from './volume-tour.ts';

test('every call of a volume, in Node: it tells what it found, and closes at the end of its scope', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'varve-tour-'));
  try {
    const open = (name: string, options: object) =>
      openVolume(name, { ...options, directory, inline: true });
    expect(await tour(open)).toEqual(TOLD);
    // Another process could have it now; and all of it is there.
    const again = await openVolume('tour', { directory, inline: true, create: false });
    expect((await again.snapshots()).map(({ name }) => name)).toEqual(['after-import']);
    expect((await again.read(2 * 1024 * 1024, 1))[0]).toBe(0);
    await again.close();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

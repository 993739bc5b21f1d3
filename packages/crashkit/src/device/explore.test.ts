import { describe, expect, test } from 'vitest';
import {
  createDevice,
  explore,
  PROFILES,
  shrinkSteps,
  type Device,
  type Image,
  type Profile,
} from './index.ts';
import type { DirectoryHandle } from './directory-handle.ts';
import type { SyncAccessHandle } from './sync-access-handle.ts';

const SECTOR = 512;

async function openFile(root: DirectoryHandle, name = 'log'): Promise<SyncAccessHandle> {
  return (await root.getFileHandle(name, { create: true })).createSyncAccessHandle();
}

const sector = (mark: number): Uint8Array => new Uint8Array(SECTOR).fill(mark);

/** A device with a file of marked sectors, the last two of which no flush has settled. */
async function unsettled(profile: Profile = 'power'): Promise<Device> {
  const device = createDevice({ profile });
  const file = await openFile(await device.directory());
  device.advance(60_000);
  for (const mark of [1, 2, 3]) file.write(sector(mark));
  file.flush();
  file.write(sector(4));
  file.write(sector(5));
  return device;
}

async function marksOf(root: DirectoryHandle): Promise<number[]> {
  const file = await openFile(root);
  const bytes = new Uint8Array(file.getSize());
  file.read(bytes, { at: 0 });
  file.close();
  return Array.from({ length: Math.ceil(bytes.length / SECTOR) }, (_, at) => bytes[at * SECTOR]);
}

/** Fails where the fifth sector persisted without the fourth: an order that nobody flushed for. */
const inOrder = async (root: DirectoryHandle): Promise<void> => {
  const marks = await marksOf(root);
  if (marks.includes(5) && !marks.includes(4)) throw new Error(`out of order: ${marks}`);
};

describe('explore', () => {
  test('finds what only a lost write shows, says what was lost, and shows it alone again', async () => {
    const check = async (image: Image): Promise<void> => inOrder(await image.directory());
    const report = await explore(await unsettled(), check);
    expect(report.ended).toBe('failures');
    const [failure] = report.failures;
    expect(String(failure.error)).toMatch(/out of order: 1,2,3,0,5/);
    expect(failure.crash).toEqual([
      expect.stringMatching(/^crash in operation \d+: write of 512 bytes at 2048 of log$/),
      'log bytes 1536–2047: written, not flushed: lost',
      'log bytes 2048–2559: written, not flushed: there',
    ]);
    expect(() => report.assertClean()).toThrow(/out of order[^]*only: '\d+:m/);

    const alone = await explore(await unsettled(), check, { only: failure.id });
    expect(alone.images).toBe(1);
    expect(alone.failures[0].id).toBe(failure.id);
  });

  test('a kill alone does not find it: the page cache keeps the order', async () => {
    const device = await unsettled('tab-kill');
    const report = await explore(device, async (image) => inOrder(await image.directory()));
    expect(report.assertClean().ended).toBe('all');
    expect(report.images).toBeGreaterThan(device.opCount);
  });

  test('what a failure shrinks to holds nothing that could be lost without it', async () => {
    const device = createDevice();
    const file = await openFile(await device.directory());
    device.advance(60_000);
    for (let mark = 1; mark <= 40; mark++) file.write(sector(mark));
    const report = await explore(
      device,
      async (image) => {
        const marks = await marksOf(await image.directory());
        if (marks.includes(30) && marks.includes(7)) throw new Error('7 and 30');
      },
      { crashAt: 'now' },
    );
    const [failure] = report.failures;
    const kept = failure.crash.filter((line) => line.endsWith('there'));
    expect(kept.map((line) => /bytes (\d+)/.exec(line)?.[1])).toEqual(
      [7, 30].map((mark) => String((mark - 1) * SECTOR)),
    );
    expect(failure.foundAs).not.toBe(failure.id);
  });

  test('a failure stays the failure it is while it is made small', async () => {
    const device = await unsettled();
    const report = await explore(
      device,
      async (image) => {
        const marks = await marksOf(await image.directory());
        const late = marks.filter((mark) => mark > 3).length;
        if (late === 2) throw new TypeError('both');
        if (late === 1) throw new RangeError('one');
      },
      { only: `${device.opCount + 1}:all` },
    );
    expect(String(report.failures[0].error)).toBe('TypeError: both');
  });

  test('a lost name is said to be lost', async () => {
    const device = createDevice();
    const file = await openFile(await device.directory(), 'young');
    file.write(sector(1));
    file.flush();
    const lost = async (root: DirectoryHandle): Promise<void> =>
      void (await root.getFileHandle('young'));
    const report = await explore(device, async (image) => lost(await image.directory()), {
      crashAt: 'now',
    });
    expect(report.failures[0].crash).toContain('the name young is lost, and the file with it');
  });

  /** Recovery doubles the file's first byte, and is interrupted. */
  test('a recovery that does not bear a crash is found inside the recovery', async () => {
    const device = await unsettled();
    const recover = async (root: DirectoryHandle): Promise<void> => {
      const file = await openFile(root);
      const first = new Uint8Array(1);
      file.read(first, { at: 0 });
      if (first[0] > 1) throw new Error(`recovered before: ${first[0]}`);
      file.write(new Uint8Array([first[0] * 2]), { at: 0 });
    };
    const ops = new Set<number>();
    const check = async (image: Image): Promise<void> => {
      ops.add(image.op);
      await recover(await image.directory());
    };
    const options = { crashAt: 'now', crashRecovery: 1 } as const;
    expect((await explore(device, check, { crashAt: 'now' })).failures).toEqual([]);
    const report = await explore(device, check, options);
    const [failure] = report.failures;
    expect(failure.id).toMatch(/^\d+:\w+\/\d+:\w+$/);
    expect(failure.crash.some((line) => line.startsWith('then, '))).toBe(true);
    // What is owed was decided before the first crash.
    expect([...ops]).toEqual([device.opCount + 1]);
    const alone = await explore(device, check, { only: failure.id });
    expect(String(alone.failures[0].error)).toBe(String(failure.error));
  });

  test('limits end it, and say so', async () => {
    const device = await unsettled();
    const nothing = (): void => undefined;
    expect(await explore(device, nothing, { imagesMax: 3 })).toMatchObject({
      images: 3,
      ended: 'images',
    });
    expect(await explore(device, nothing, { timeMs: 0 })).toMatchObject({
      images: 0,
      ended: 'time',
    });
    const signal = AbortSignal.abort();
    const aborted = await explore(device, nothing, { signal });
    expect(aborted).toMatchObject({ images: 0, ended: 'aborted' });
    expect(() => aborted.assertClean()).toThrow(/no image/);
    const all = await explore(device, () => Promise.reject(new Error('no')), { failuresMax: 4 });
    expect(all.failures).toHaveLength(4);
  });

  test('what a parser could not read does not reach the terminal as it is', async () => {
    const report = await explore(await unsettled(), () =>
      Promise.reject(new Error('a\0\u001b[2Jb')),
    );
    expect(String(report)).toMatch(/^Error: a··\[2Jb\n/);
  });

  test('an id of another run is refused, never taken for an image of this one', async () => {
    const device = await unsettled();
    await expect(explore(device, () => undefined, { only: '99:all' })).rejects.toThrow(
      /no operation/,
    );
    await expect(explore(device, () => undefined, { only: '6:k77' })).rejects.toThrow(/no image/);
  });
});

describe('images', () => {
  test('equal runs give equal images under equal ids, in every profile', async () => {
    for (const profile of Object.keys(PROFILES) as Profile[]) {
      const [one, two] = [await unsettled(profile), await unsettled(profile)];
      const ids = [...one.images()].map(({ id }) => id);
      expect(ids.length, profile).toBeGreaterThan(one.opCount);
      expect([...two.images()].map(({ id }) => id)).toEqual(ids);
      const last = ids[ids.length - 1];
      expect(one.image(last).boot().peek('log')).toEqual(two.image(last).boot().peek('log'));
    }
  });

  test('nothing that is done to an image is seen by another, or by the machine it is of', async () => {
    const device = await unsettled();
    const before = device.peek('log');
    const image = device.image(`${device.opCount + 1}:all`);
    const booted = image.boot();
    booted.overwrite('log', { at: 0, length: 100 }, 'ones');
    booted.clearSiteData();
    expect(image.boot().peek('log')).toEqual(before);
    expect(device.peek('log')).toEqual(before);
  });

  test('damage at rest is what it says', async () => {
    const device = await unsettled();
    const earlier = device.peek('log');
    device.flipBit('log', 8 * SECTOR);
    expect(device.peek('log')[SECTOR]).toBe(earlier[SECTOR] ^ 1);
    device.makeStale('log', earlier, { index: 1, blockBytes: SECTOR });
    expect(device.peek('log')).toEqual(earlier);
    device.swapBlocks('log', { a: 0, b: 2, blockBytes: SECTOR });
    const root = await device.reboot().directory();
    expect(await marksOf(root)).toEqual([3, 2, 1, 4, 5]);
  });

  test('a restarted machine holds nothing open and has lost nothing', async () => {
    const device = await unsettled();
    expect(await marksOf(await device.reboot().directory())).toEqual([1, 2, 3, 4, 5]);
  });
});

test('a workload shrinks to the steps that it fails with', async () => {
  const steps = Array.from({ length: 30 }, (_, index) => index);
  let runs = 0;
  const needed = await shrinkSteps(steps, async (some) => {
    runs += 1;
    return some.includes(3) && some.includes(17) && some.indexOf(3) < some.indexOf(17);
  });
  expect(needed).toEqual([3, 17]);
  expect(runs).toBeLessThan(100);
  expect(await shrinkSteps(steps, async () => true)).toEqual([]);
});

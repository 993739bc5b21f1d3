import { describe, expect, test } from 'vitest';
import type { SyncFile } from '../port.ts';
import {
  flipBit,
  makeStale,
  overwrite,
  shrinkImage,
  SimulatedCrash,
  SimulatedDisk,
  swapBlocks,
  type DiskImage,
  type Profile,
} from './index.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const filled = (letter: string, length: number): Uint8Array =>
  new TextEncoder().encode(letter.repeat(length));

/** The letters at the start of each 512-byte sector; `.` for a zero. */
function sectors(disk: SimulatedDisk, path = 'journal'): string {
  const bytes = disk.peek(path);
  let letters = '';
  for (let at = 0; at < bytes.length; at += 512) {
    letters += bytes[at] === 0 ? '.' : String.fromCharCode(bytes[at]);
  }
  return letters;
}

/** A disk whose `journal` holds four flushed sectors of `a`, with its name persisted. */
async function aaaa(
  options: { profile?: Profile; seed?: number } = {},
): Promise<{ disk: SimulatedDisk; file: SyncFile }> {
  const disk = new SimulatedDisk(options);
  const file = await disk.host().root.openFile('journal', { create: true });
  file.write(filled('a', 2048), { at: 0 });
  file.flush();
  disk.advance(60_000);
  return { disk, file };
}

const outcomes = (images: Iterable<DiskImage>): string[] => [
  ...new Set([...images].map((image) => sectors(image.disk()))),
];

describe('power loss', () => {
  test('each unflushed sector is old or new, and nothing else changes', async () => {
    const { disk, file } = await aaaa();
    file.write(filled('b', 1024), { at: 512 });
    expect(outcomes(disk.images()).sort()).toEqual(['aaaa', 'aaba', 'abaa', 'abba']);
  });

  test('a flushed sector is there in every image', async () => {
    const { disk, file } = await aaaa();
    file.write(filled('b', 1024), { at: 512 });
    file.flush();
    expect(outcomes(disk.images())).toEqual(['abba']);
  });

  test('a sector written twice may hold the first version', async () => {
    const { disk, file } = await aaaa();
    file.write(filled('b', 512), { at: 0 });
    file.write(filled('c', 512), { at: 0 });
    expect(outcomes(disk.images()).sort()).toEqual(['aaaa', 'baaa', 'caaa']);
  });

  test('the size grows independently of the data, and the gap reads as zero', async () => {
    const { disk, file } = await aaaa();
    file.write(filled('b', 512), { at: 2560 });
    expect(outcomes(disk.images()).sort()).toEqual(['aaaa', 'aaaa..', 'aaaa.b']);
  });

  test('a cut that persisted wipes what was written before it and spares what came after', async () => {
    const { disk, file } = await aaaa();
    file.truncate(1024);
    file.write(filled('b', 512), { at: 1536 });
    const seen = outcomes(disk.images()).sort();
    expect(seen).toEqual(['aa', 'aa..', 'aa.b', 'aaaa', 'aaab']);
  });

  test('a new name is lost with its flushed bytes until it has aged', async () => {
    const disk = new SimulatedDisk();
    const { root } = disk.host();
    const file = await root.openFile('young', { create: true });
    file.write(filled('a', 512), { at: 0 });
    file.flush();
    const kept: boolean[] = [];
    for (const image of disk.images()) kept.push(await image.disk().host().root.hasFile('young'));
    expect(kept.sort()).toEqual([false, true]);
    disk.advance(60_000);
    expect(await disk.powerCut('none').host().root.hasFile('young')).toBe(true);
  });

  test('a removed name may come back with its bytes', async () => {
    const { disk, file } = await aaaa();
    file.close();
    await disk.host().root.removeFile('journal');
    expect(sectors(disk.powerCut('none'))).toBe('aaaa');
    expect(await disk.powerCut('all').host().root.hasFile('journal')).toBe(false);
  });

  test('a witness write is old or new until it has resolved, then there', async () => {
    const disk = new SimulatedDisk();
    const { witness } = disk.host();
    const entry = { state: 'live', seedId: '00', durableLsn: 7, liveSinceMs: 1 } as const;
    const written = witness.write('store', entry);
    expect(await disk.powerCut('none').host().witness.read('store')).toBeUndefined();
    expect(await disk.powerCut('all').host().witness.read('store')).toEqual(entry);
    await written;
    expect(await disk.powerCut('none').host().witness.read('store')).toEqual(entry);
  });
});

describe('profiles', () => {
  test('tab-kill cuts only the last write, to a prefix, and leaves the rest unflushed', async () => {
    const { disk, file } = await aaaa({ profile: 'tab-kill' });
    file.write(filled('b', 512), { at: 1536 });
    file.write(filled('c', 1024), { at: 0 });
    const seen = outcomes(disk.images({ crashAt: disk.opCount })).sort();
    expect(seen).toEqual(['aaab', 'caab', 'ccab']);
    const after = disk.powerCut('all', { profile: 'power' });
    expect(sectors(after)).toBe('ccab');
    expect(sectors(after.powerCut('none'))).toBe('aaaa');
  });

  test('os persists whole pages', async () => {
    const { disk, file } = await aaaa({ profile: 'os' });
    file.write(filled('b', 1024), { at: 512 });
    expect(outcomes(disk.images()).sort()).toEqual(['aaaa', 'abba']);
  });

  test('without powersafe overwrite a neighbour in the same sector may turn to garbage', async () => {
    const { disk, file } = await aaaa({ profile: 'power-no-psow' });
    file.write(filled('b', 16), { at: 0 });
    const hurt = [...disk.images()].filter((image) => image.disk().peek('journal')[2000] !== 97);
    expect(hurt).toHaveLength(1);
  });

  test('a lying flush settles nothing', async () => {
    const { disk, file } = await aaaa({ profile: 'lying-flush' });
    file.write(filled('b', 512), { at: 0 });
    file.flush();
    expect(disk.powerCut('none').peek('journal')).toHaveLength(0);
  });

  test.each([
    ['fsync-fail-keep', 'baaa'],
    ['fsync-fail-late', 'baaa'],
  ] as const)('%s: the flush after a failed one proves nothing', async (profile, cached) => {
    const { disk, file } = await aaaa({ profile });
    file.write(filled('b', 512), { at: 0 });
    disk.inject({ on: 'flush', effect: { throws: 'io' } });
    if (profile === 'fsync-fail-late') file.flush();
    expect(() => file.flush()).toThrow();
    file.flush();
    expect(sectors(disk)).toBe(cached);
    expect(sectors(disk.powerCut('none'))).toBe('aaaa');
    file.write(filled('c', 512), { at: 0 });
    file.flush();
    expect(sectors(disk.powerCut('none'))).toBe('caaa');
  });

  test('fsync-fail-revert: reads show what the disk holds after a failed flush', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 16; seed++) {
      const { disk, file } = await aaaa({ profile: 'fsync-fail-revert', seed });
      file.write(filled('b', 512), { at: 0 });
      disk.inject({ on: 'flush', effect: { throws: 'io' } });
      expect(() => file.flush()).toThrow();
      expect(sectors(disk.powerCut('none'))).toBe(sectors(disk));
      seen.add(sectors(disk));
    }
    expect([...seen].sort()).toEqual(['aaaa', 'baaa']);
  });
});

describe('crash points', () => {
  test('after a crash no operation gets through, whatever swallows the error', async () => {
    const { disk, file } = await aaaa();
    disk.crashAt(disk.opCount + 2);
    file.write(filled('b', 512), { at: 0 });
    expect(() => file.flush()).toThrow(SimulatedCrash);
    expect(() => file.write(filled('c', 512), { at: 0 })).toThrow(SimulatedCrash);
    await expect(disk.host().root.openFile('other', { create: true })).rejects.toThrow(
      SimulatedCrash,
    );
    expect(() => file.close()).not.toThrow();
    expect(outcomes(disk.images()).sort()).toEqual(['aaaa', 'baaa']);
  });

  test('images of a recorded run are those of crashing there', async () => {
    const run = async (crashAt: number): Promise<SimulatedDisk> => {
      const { disk, file } = await aaaa({ seed: 5 });
      disk.crashAt(crashAt);
      try {
        for (const letter of ['b', 'c', 'd']) {
          file.write(filled(letter, 1536), { at: 256 });
          if (letter === 'c') file.flush();
        }
      } catch {
        // The crash that was asked for.
      }
      return disk;
    };
    const whole = await run(Infinity);
    const setUp = (await aaaa()).disk.opCount;
    for (let op = setUp + 1; op <= whole.opCount; op++) {
      const crashed = await run(op);
      const states = (images: Iterable<DiskImage>): string[] =>
        [...images].map((image) => `${image.id} ${textOf(image)}`);
      expect(states(whole.images({ crashAt: op }))).toEqual(states(crashed.images()));
    }
    const all = [...whole.images({ crashAt: 'every-op' })];
    expect(new Set(all.map((image) => image.id)).size).toBe(all.length);
    for (const image of all) {
      expect(textOf(whole.image(image.id))).toBe(textOf(image));
      expect(textOf(whole.image(image.explicitId))).toBe(textOf(image));
    }
  });

  test('an image is a machine of its own', async () => {
    const { disk, file } = await aaaa();
    file.write(filled('b', 512), { at: 0 });
    const first = disk.powerCut('all');
    const other = disk.powerCut('all');
    const reopened = await first.host().root.openFile('journal', { create: false });
    reopened.write(filled('z', 2048), { at: 0 });
    expect(sectors(other)).toBe('baaa');
    expect(sectors(disk)).toBe('baaa');
    expect(sectors(first)).toBe('zzzz');
  });

  test('many live atoms are sampled, each sample once', async () => {
    const { disk, file } = await aaaa();
    file.truncate(512 * 40);
    file.flush();
    file.write(filled('b', 512 * 40), { at: 0 });
    const ids = [...disk.images()].map((image) => image.id);
    expect(ids.length).toBeGreaterThan(300);
    const again = disk.image(ids[ids.length - 1]);
    expect(textOf(again)).toBe(textOf(disk.image(again.explicitId)));
  });

  test('choices that lead to the same bytes are one image', async () => {
    const { disk, file } = await aaaa();
    const images = (): string[] => [...disk.images()].map((image) => textOf(image));
    file.write(filled('a', 1024), { at: 0 });
    expect(images(), 'nothing new was written').toHaveLength(1);
    file.write(filled('b', 1024), { at: 4096 });
    expect(images(), 'beyond an end that did not move nothing can be seen').toHaveLength(5);
    expect(new Set(images()).size).toBe(5);
  });
});

describe('faults', () => {
  test.each([
    [0, 0],
    [1, 1],
    ['half', 512],
    ['len-1', 1023],
  ] as const)('a short write (%s) says how little it wrote', async (short, written) => {
    const { disk, file } = await aaaa();
    disk.inject({ on: 'write', effect: { short }, path: 'journal' });
    expect(file.write(filled('b', 1024), { at: 0 })).toBe(written);
    expect(text(disk.peek('journal')).lastIndexOf('b')).toBe(written - 1);
    expect(file.write(filled('b', 1024), { at: 0 })).toBe(1024);
  });

  test('a full disk refuses growth whole and lets overwriting pass', async () => {
    const { disk, file } = await aaaa();
    disk.limitBytes = 2048;
    expect(() => file.write(filled('b', 1024), { at: 1536 })).toThrow(/limit/);
    expect(() => file.truncate(4096)).toThrow(/limit/);
    expect(file.getSize()).toBe(2048);
    expect(file.write(filled('b', 512), { at: 1536 })).toBe(512);
    expect(sectors(disk)).toBe('aaab');
  });

  test('a lost write is seen only once the cache is gone', async () => {
    const { disk, file } = await aaaa();
    disk.inject({ on: 'write', effect: { fate: 'lost' } });
    file.write(filled('b', 512), { at: 0 });
    file.flush();
    expect(sectors(disk)).toBe('baaa');
    expect(sectors(disk.powerCut('none'))).toBe('aaaa');
  });

  test('a misdirected write lands elsewhere', async () => {
    const { disk, file } = await aaaa();
    disk.inject({ on: 'write', effect: { fate: { misdirectedBy: 1024 } } });
    file.write(filled('b', 512), { at: 0 });
    file.flush();
    expect(sectors(disk.powerCut('none'))).toBe('aaba');
  });

  test('sticky faults go on until cancelled, and count', async () => {
    const { disk, file } = await aaaa();
    const fault = disk.inject({ on: 'read', effect: { short: 0 }, sticky: true, skip: 1 });
    const buffer = new Uint8Array(16);
    expect([1, 2, 3].map(() => file.read(buffer, { at: 0 }))).toEqual([16, 0, 0]);
    expect(fault.strikes).toBe(2);
    fault.cancel();
    expect(file.read(buffer, { at: 0 })).toBe(16);
  });
});

test('a failing image shrinks to the least that persisted', async () => {
  const { disk, file } = await aaaa();
  file.write(filled('b', 512 * 4), { at: 0 });
  const fails = async (image: DiskImage): Promise<boolean> => /^.b.b$/.test(sectors(image.disk()));
  const smallest = await shrinkImage(disk, disk.image(`${disk.opCount + 1}:all`), fails);
  expect(sectors(smallest.disk())).toBe('abab');
  expect(sectors(disk.image(smallest.id).disk())).toBe('abab');
});

test('damage is seen at once and in every later image', async () => {
  const { disk } = await aaaa();
  const earlier = disk.peek('journal');
  overwrite(disk, 'journal', { at: 0, length: 512 }, 'zeros');
  overwrite(disk, 'journal', { at: 512, length: 512 }, { seed: 3 });
  flipBit(disk, 'journal', 8 * 1024 + 1);
  const damaged = disk.peek('journal');
  expect([damaged[0], damaged[1024]]).toEqual([0, 97 ^ 2]);
  expect(damaged.slice(512, 1024)).not.toEqual(earlier.slice(512, 1024));
  swapBlocks(disk, 'journal', { a: 0, b: 2, blockBytes: 512 });
  expect([disk.peek('journal')[0], disk.peek('journal')[1024]]).toEqual([97 ^ 2, 0]);
  for (const image of disk.images({ crashAt: disk.opCount })) {
    expect([0, 97 ^ 2]).toContain(image.disk().peek('journal')[0]);
  }
  for (let index = 0; index < 4; index++) {
    makeStale(disk, 'journal', earlier, { index, blockBytes: 512 });
  }
  expect(disk.powerCut('none').peek('journal')).toEqual(earlier);
});

test('site data cleared under an open file takes its name, not its handle', async () => {
  const { disk, file } = await aaaa();
  disk.clearSiteData({ witness: true });
  expect(file.write(filled('b', 512), { at: 0 })).toBe(512);
  expect(() => file.flush()).not.toThrow();
  expect(await disk.host().root.hasFile('journal')).toBe(false);
  expect(await disk.powerCut('all').host().root.list()).toEqual([]);
});

test('a tab killed with a witness write unanswered finds it old or new', async () => {
  const disk = new SimulatedDisk({ profile: 'tab-kill' });
  disk.crashAt(1);
  const entry = { state: 'live', seedId: '00', durableLsn: 7, liveSinceMs: 1 } as const;
  await expect(disk.host().witness.write('s', entry)).rejects.toThrow(SimulatedCrash);
  const seen: unknown[] = [];
  for (const image of disk.images()) seen.push(await image.disk().host().witness.read('s'));
  expect(seen).toEqual([undefined, entry]);
});

test('whoever moves the clock survives the crash of the machine', async () => {
  const { disk, file } = await aaaa();
  disk.crashAt(disk.opCount + 1);
  disk.time.after(10, () => file.flush());
  let ranAfterwards = false;
  disk.time.after(20, () => {
    ranAfterwards = true;
  });
  await disk.advanceAsync(30);
  disk.time.after(1, () => {
    ranAfterwards = true;
  });
  disk.advance(30);
  expect([disk.crashed, ranAfterwards]).toEqual([true, false]);
});

test('timers run in order when the clock is moved, and not on a dead machine', async () => {
  const disk = new SimulatedDisk();
  const { timers, clock } = disk.host();
  const fired: string[] = [];
  timers.after(20, () => fired.push(`late ${clock.nowMs()}`));
  timers.after(10, () => fired.push(`early ${clock.nowMs()}`));
  timers.after(15, () => fired.push('never'))();
  disk.advance(30);
  expect(fired).toEqual(['early 10', 'late 20']);
});

function textOf(image: DiskImage): string {
  const disk = image.disk();
  return [...disk.state.names.keys()].map((path) => `${path}=${runs(disk.peek(path))}`).join();
}

/** Letters with how often each repeats: `a256b1536`. */
function runs(bytes: Uint8Array): string {
  return text(bytes).replace(/(.)\1*/gs, (run) => `${run[0]}${run.length}`);
}

import { createMemoryHost } from '@varve/files/memory';
import { SimulatedDisk } from '@varve/files/simulated';
import { openStore } from '@varve/journal';
import { writeRecordFrame } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { openVolume, type Volume, type VolumeEvent } from './index.ts';

const KIB = 1_024;
const CHUNK = 512;
const SMALL = { sizeBytes: 64 * CHUNK, chunkSizeBytes: CHUNK, segmentSizeBytes: 4 * KIB };

const filled = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

async function bytesOf(
  volume: Volume,
  at: number,
  length: number,
  view?: string,
): Promise<number[]> {
  const buffer = new Uint8Array(length);
  await volume.readInto(buffer, { at, ...(view !== undefined && { view }) });
  return [...buffer];
}

describe('a volume', () => {
  test('reads as zeros where nothing was written, and takes no space for it', async () => {
    const volume = await openVolume(createMemoryHost(), 'v', { sizeBytes: 1_024 ** 4 });
    expect(await bytesOf(volume, 1_024 ** 4 - 3, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(volume.readInto(new Uint8Array(8), { at: 1_024 ** 4 - 3 })).toBe(3);
    await volume.write(1_024 ** 4 - 2, Uint8Array.of(7, 8));
    expect(await bytesOf(volume, 1_024 ** 4 - 3, 3)).toEqual([0, 7, 8]);
    expect(volume.status()).toMatchObject({ usedChunks: 1, sizeBytes: 1_024 ** 4 });
    await volume.close();
  });

  test('keeps what a snapshot saw, whoever writes later, and lets both go their ways', async () => {
    const host = createMemoryHost();
    const volume = await openVolume(host, 'v', SMALL);
    await volume.write(0, filled(CHUNK, 1));
    const info = await volume.snapshot('one');
    expect(volume.snapshots()).toEqual([info]);
    await volume.write(0, filled(CHUNK, 2));
    await volume.write(1, filled(1, 9), { view: 'one' });
    expect(await bytesOf(volume, 0, 3)).toEqual([2, 2, 2]);
    expect(await bytesOf(volume, 0, 3, 'one')).toEqual([1, 9, 1]);
    volume.abandon();
    const again = await openVolume(host, 'v');
    expect(await bytesOf(again, 0, 3)).toEqual([2, 2, 2]);
    expect(await bytesOf(again, 0, 3, 'one')).toEqual([1, 9, 1]);
    expect([...again.diff('one')]).toEqual([{ at: 0, length: CHUNK }]);
    await again.close();
  });

  test('makes a snapshot with one small record, however large it is', async () => {
    const volume = await openVolume(createMemoryHost(), 'v', { sizeBytes: 8 * 1_024 * KIB });
    await volume.write(0, filled(8 * 1_024 * KIB, 5));
    const before = volume.status();
    await volume.snapshot('large');
    const after = volume.status();
    expect(after.counters.journalBytes - before.counters.journalBytes).toBeLessThan(64);
    expect(after.counters.metaBytes).toBe(before.counters.metaBytes);
    expect(after.store.commits.flushes - before.store.commits.flushes).toBe(1);
    await volume.close();
  });

  test('writes large data once, small data twice, a trim not at all', async () => {
    const volume = await openVolume(createMemoryHost(), 'v', { sizeBytes: 1_024 * KIB });
    await volume.write(0, filled(256 * KIB, 5));
    const large = volume.status().counters;
    expect(large.dataDirectBytes).toBe(256 * KIB);
    expect(large.journalBytes).toBeLessThan(1 * KIB);
    await volume.write(0, filled(4 * KIB, 6));
    await volume.checkpoint();
    const small = volume.status().counters;
    expect(small.journalBytes - large.journalBytes).toBeLessThan(4 * KIB + 100);
    expect(small.dataAppliedBytes).toBe(4 * KIB);
    await volume.trim(0, 256 * KIB);
    expect(volume.status().counters.journalBytes - small.journalBytes).toBeLessThan(64);
    expect(volume.status()).toMatchObject({ usedChunks: 0, quarantinedChunks: 64 });
    await volume.checkpoint();
    expect(volume.status()).toMatchObject({ usedChunks: 0, quarantinedChunks: 0 });
    await volume.close();
  });

  test('a group that writes over part of itself goes straight to the pool as its last writes say', async () => {
    const host = createMemoryHost();
    const volume = await openVolume(host, 'v', { ...SMALL, directBytes: CHUNK });
    const whole = Uint8Array.from({ length: 4 * CHUNK }, (_, at) => at >> 3);
    const ops = [
      { write: { at: 0, bytes: whole } },
      // Longer than what it replaces, and of the same places in its own buffer.
      { write: { at: 0, bytes: filled(8 * CHUNK, 0xaa).subarray(0, 2 * CHUNK) } },
      { write: { at: 3 * CHUNK + 1, bytes: filled(3, 0xbb) } },
    ];
    await volume.atomic(ops);
    expect(volume.status().counters.dataDirectBytes).toBe(4 * CHUNK);
    const expected = whole.slice().fill(0xaa, 0, 2 * CHUNK);
    expected.fill(0xbb, 3 * CHUNK + 1, 3 * CHUNK + 4);
    expect(await bytesOf(volume, 0, 4 * CHUNK)).toEqual([...expected]);
    volume.abandon();
    const again = await openVolume(host, 'v', { create: false });
    expect(await bytesOf(again, 0, 4 * CHUNK)).toEqual([...expected]);
    await again.close();
  });

  test('written over again and again does not make its pool grow by more than a checkpoint waits for', async () => {
    const host = createMemoryHost();
    const [size, piece, waits] = [512 * KIB, 64 * KIB, 128 * KIB];
    const volume = await openVolume(host, 'v', { sizeBytes: size, checkpointEveryBytes: waits });
    for (let round = 1; round <= 10; round++) {
      for (let at = 0; at < size; at += piece) await volume.write(at, filled(piece, round));
    }
    await volume.close();
    const folder = await host.root.directory('v', { create: false });
    const data = await folder!.openFile('data', { create: false });
    // Two writes may be planned while the checkpoint is being made.
    expect(data.getSize()).toBeLessThanOrEqual(size + waits + 2 * piece);
    data.close();
  });

  test('that is full says so before anything changes, and makes a checkpoint when that gives room', async () => {
    const volume = await openVolume(createMemoryHost(), 'v', {
      ...SMALL,
      capacityBytes: 4 * CHUNK,
    });
    await volume.write(0, filled(4 * CHUNK, 1));
    await expect(volume.write(3 * CHUNK, filled(2 * CHUNK, 2))).rejects.toMatchObject({
      code: 'VOLUME_FULL',
      outcome: 'not-written',
    });
    expect(await bytesOf(volume, 3 * CHUNK, 1)).toEqual([1]);
    await volume.trim(0, CHUNK);
    expect(volume.status()).toMatchObject({ freeChunks: 0, quarantinedChunks: 1 });
    const late = filled(CHUNK, 3);
    const written = volume.write(5 * CHUNK, late);
    late.fill(99);
    await written;
    expect(await bytesOf(volume, 5 * CHUNK, 2)).toEqual([3, 3]);
    expect((await volume.check()).findings).toEqual([]);
    await volume.close();
  });

  test('has at most 64 snapshots; a name and a bit come free again', async () => {
    const volume = await openVolume(createMemoryHost(), 'v', SMALL);
    for (let index = 0; index < 64; index++) {
      await volume.write(0, filled(CHUNK, index + 1));
      await volume.snapshot(`s${index}`);
    }
    await expect(volume.snapshot('one more')).rejects.toMatchObject({ code: 'SNAPSHOT_LIMIT' });
    await expect(volume.snapshot('s3')).rejects.toMatchObject({ code: 'SNAPSHOT_EXISTS' });
    await volume.write(0, filled(CHUNK, 200));
    for (const index of [0, 31, 32, 63]) {
      expect(await bytesOf(volume, 0, 1, `s${index}`)).toEqual([index + 1]);
    }
    await volume.deleteSnapshot('s33');
    await volume.snapshot('s33');
    expect(await bytesOf(volume, 0, 1, 's33')).toEqual([200]);
    expect(volume.snapshots().map(({ name }) => name)).toHaveLength(64);
    expect((await volume.check()).findings).toEqual([]);
    await volume.close();
  });

  test('finds a chunk that rotted, names it, and serves nothing of it', async () => {
    const disk = new SimulatedDisk({ seed: 3 });
    const volume = await openVolume(disk.host(), 'v', { ...SMALL, directBytes: CHUNK });
    await volume.write(0, filled(4 * CHUNK, 7));
    await volume.snapshot('kept');
    disk.poke('v/data', Uint8Array.of(8), 2 * CHUNK + 100);
    const buffer = filled(4 * CHUNK, 1);
    expect(() => volume.readInto(buffer, { at: 0, view: 'kept' })).toThrow(/CORRUPT/);
    expect(buffer.subarray(2 * CHUNK, 3 * CHUNK)).toEqual(new Uint8Array(CHUNK));
    expect(volume.readInto(buffer, { at: 0, verify: false })).toBe(4 * CHUNK);
    const report = await volume.check();
    expect(report.findings).toMatchObject([{ kind: 'chunk-digest', facts: { chunk: 2 } }]);
    // What is left of it is not to be mixed with new bytes.
    await expect(volume.write(2 * CHUNK, filled(3, 3))).rejects.toMatchObject({
      code: 'CORRUPT',
      outcome: 'not-written',
    });
    await volume.write(2 * CHUNK, filled(CHUNK, 3));
    expect(await bytesOf(volume, 2 * CHUNK, 1)).toEqual([3]);
    volume.abandon();
  });

  test('unverified reads see what verified ones do, wherever they begin and end', async () => {
    const volume = await openVolume(createMemoryHost(), 'v', { ...SMALL, directBytes: 4 * CHUNK });
    const bytes = Uint8Array.from({ length: 8 * CHUNK }, (_, at) => at >> 4);
    await volume.write(2 * CHUNK, bytes);
    await volume.snapshot('kept');
    // In the pool, an image that waits, a hole, and the pool again.
    await volume.write(4 * CHUNK, filled(CHUNK, 0xab));
    await volume.trim(6 * CHUNK, CHUNK);
    for (const view of [undefined, 'kept']) {
      for (const at of [0, 1, 2 * CHUNK, 4 * CHUNK, 4 * CHUNK + 3, 6 * CHUNK - 1, 7 * CHUNK]) {
        for (const length of [1, CHUNK - 1, CHUNK, CHUNK + 5, 6 * CHUNK]) {
          const options = { at, ...(view !== undefined && { view }) };
          const [verified, unverified] = [filled(length, 1), filled(length, 2)];
          await volume.readInto(verified, options);
          await volume.readInto(unverified, { ...options, verify: false });
          expect(unverified, `${view} at ${at}, ${length} B`).toEqual(verified);
        }
      }
    }
    const [short, long] = [new Uint8Array(3), filled(8, 9)];
    expect(volume.readInto(long, { at: 64 * CHUNK - 3, verify: false })).toBe(3);
    expect([...long]).toEqual([...short, 9, 9, 9, 9, 9]);
    volume.abandon();
  });

  test('a metadata block that the cache let go of is verified when it is needed again', async () => {
    const disk = new SimulatedDisk({ seed: 3 });
    const chunks = 40_000;
    const options = { sizeBytes: chunks * CHUNK, chunkSizeBytes: CHUNK, cacheBytes: 0 };
    const volume = await openVolume(disk.host(), 'v', options);
    // A leaf of the origin map has 508 chunks: more leaves than the smallest cache holds.
    for (let chunk = 0; chunk < chunks; chunk += 508) {
      await volume.write(chunk * CHUNK, filled(CHUNK, 7));
    }
    await volume.checkpoint();
    const { length } = disk.peek('v/meta', 0, 2 ** 20);
    disk.poke('v/meta', new Uint8Array(length), 0);
    const damaged: number[] = [];
    for (let chunk = 0; chunk < chunks; chunk += 508) {
      try {
        await volume.readInto(new Uint8Array(CHUNK), { at: chunk * CHUNK, verify: false });
      } catch (error) {
        expect(error).toMatchObject({ code: 'CORRUPT' });
        damaged.push(chunk);
      }
    }
    expect(chunks / 508 - damaged.length).toBeLessThanOrEqual(16 + 1);
    volume.abandon();
  });

  test.each([
    ['lost', (_old: Uint8Array, now: Uint8Array) => now.fill(0)],
    ['stale', (old: Uint8Array, now: Uint8Array) => now.set(old)],
    ['one bit off', (_old: Uint8Array, now: Uint8Array) => void (now[100]! ^= 4)],
  ])('finds a metadata block that is %s', async (_what, damage) => {
    const disk = new SimulatedDisk({ seed: 3 });
    const volume = await openVolume(disk.host(), 'v', SMALL);
    await volume.write(0, filled(CHUNK, 7));
    await volume.checkpoint();
    const old = disk.peek('v/meta', 4 * KIB, 4 * KIB);
    // The places of the first checkpoint are used again by the third.
    for (let round = 0; round < 2; round++) {
      await volume.write(CHUNK, filled(CHUNK, round + 1));
      await volume.checkpoint();
    }
    const now = disk.peek('v/meta', 4 * KIB, 4 * KIB);
    expect(now).not.toEqual(old);
    damage(old, now);
    disk.poke('v/meta', now, 4 * KIB);
    const report = await volume.check({ data: false });
    expect(report.findings.map(({ kind }) => kind)).toContain('block-damaged');
    volume.abandon();
    const again = await openVolume(disk.host(), 'v').catch((error: unknown) => error);
    // Found where it is needed: at opening, or by the first read.
    if (again instanceof Error) expect(again).toMatchObject({ code: 'CORRUPT' });
    else await expect((async () => bytesOf(again as Volume, 0, 1))()).rejects.toThrow(/CORRUPT/);
  });

  test('reads a whole volume in slices while others write', async () => {
    const size = 3 * 1_024 * KIB + 5;
    const volume = await openVolume(createMemoryHost(), 'v', { sizeBytes: size });
    await volume.write(0, filled(size, 1));
    await volume.snapshot('then');
    const buffer = new Uint8Array(size);
    const read = volume.readInto(buffer, { at: 0, view: 'then' });
    await volume.write(2 * 1_024 * KIB, filled(1_024 * KIB, 2));
    expect(await read).toBe(size);
    expect(buffer.every((byte) => byte === 1)).toBe(true);
    await volume.close();
  });
});

describe('opening', () => {
  test('refuses a log, and changes nothing in it', async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const log = await openStore(disk.host(), 'log', {
      segmentSizeBytes: 4 * KIB,
      maxStateBytes: KIB,
    });
    const frame = new Uint8Array(16);
    const length = writeRecordFrame(frame, 0, 64, 0, filled(3, 3));
    await log.append({ frames: frame.subarray(0, length) });
    await log.close();
    const before = disk.peek('log/journal');
    await expect(openVolume(disk.host(), 'log', SMALL)).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
    });
    expect(disk.peek('log/journal')).toEqual(before);
    expect(disk.sizeOf('log/meta') + disk.sizeOf('log/data')).toBe(0);
  });

  test('leaves the files of somebody else’s store as they are', async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const host = disk.host();
    const log = await openStore(host, 'log', { segmentSizeBytes: 4 * KIB });
    const frame = new Uint8Array(16);
    const length = writeRecordFrame(frame, 0, 64, 0, filled(3, 3));
    await log.append({ frames: frame.subarray(0, length) });
    await log.close();
    const folder = await host.root.directory('log', { create: false });
    const file = await folder!.openFile('meta', { create: true });
    file.write(filled(9, 9), { at: 0 });
    file.close();
    await expect(openVolume(host, 'log', SMALL)).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
    expect([...disk.peek('log/meta')]).toEqual([...filled(9, 9)]);
  });

  test('keeps the geometry that is there, and refuses another', async () => {
    const host = createMemoryHost();
    await (await openVolume(host, 'v', SMALL)).close();
    await expect(openVolume(host, 'v', { ...SMALL, chunkSizeBytes: 1_024 })).rejects.toMatchObject({
      code: 'BAD_ARGUMENT',
      facts: { argument: 'chunkSizeBytes' },
    });
    const again = await openVolume(host, 'v', { sizeBytes: 1 });
    expect(again.status()).toMatchObject({ sizeBytes: 64 * CHUNK, chunkSizeBytes: CHUNK });
    await expect(openVolume(host, 'v')).rejects.toMatchObject({ code: 'STORE_BUSY' });
    await again.close();
    await expect(openVolume(host, 'absent', { create: false })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(openVolume(host, 'absent')).rejects.toMatchObject({ code: 'BAD_ARGUMENT' });
  });

  test.each(['data', 'meta'])('says STORE_LOST when %s is gone', async (file) => {
    const host = createMemoryHost();
    const volume = await openVolume(host, 'v', SMALL);
    await volume.write(0, filled(CHUNK, 1));
    await volume.close();
    const folder = await host.root.directory('v', { create: false });
    await folder!.removeFile(file);
    await expect(openVolume(host, 'v', SMALL)).rejects.toMatchObject({ code: 'STORE_LOST' });
    expect(await folder!.hasFile(file)).toBe(false);
  });

  test('a volume that was never finished is made anew, at every operation of its making', async () => {
    const whole = new SimulatedDisk({ seed: 5 });
    (await openVolume(whole.host(), 'v', SMALL)).abandon();
    for (let op = 1; op <= whole.opCount; op++) {
      const disk = new SimulatedDisk({ seed: 5 });
      disk.crashAt(op);
      await openVolume(disk.host(), 'v', SMALL).catch(() => {});
      for (const image of disk.images({ subsets: { exhaustiveUpTo: 4, atMost: 12 } })) {
        const booted = image.disk();
        try {
          const volume = await openVolume(booted.host(), 'v', SMALL);
          await volume.write(0, filled(CHUNK, 1));
          expect((await volume.check()).findings).toEqual([]);
          volume.abandon();
        } catch (error) {
          // Names that the power took away while the witness knows of them: said, and nothing made.
          expect(error, image.id).toMatchObject({ code: 'STORE_LOST' });
        }
      }
    }
  });
});

describe('in every state a call ends', () => {
  test('after the close, and after it was abandoned', async () => {
    for (const end of ['close', 'abandon'] as const) {
      const volume = await openVolume(createMemoryHost(), 'v', SMALL);
      await volume.snapshot('s');
      await volume[end]();
      const closed = { code: 'CLOSED' };
      await expect(volume.write(0, filled(1, 1))).rejects.toMatchObject(closed);
      await expect(volume.snapshot('t')).rejects.toMatchObject(closed);
      await expect(volume.deleteSnapshot('s')).rejects.toMatchObject(closed);
      await expect(volume.restore('s')).rejects.toMatchObject(closed);
      await expect(volume.resize(1)).rejects.toMatchObject(closed);
      await expect(volume.flush()).rejects.toMatchObject(closed);
      await expect(volume.checkpoint()).rejects.toMatchObject(closed);
      await expect(volume.check()).rejects.toMatchObject(closed);
      expect(() => volume.readInto(filled(1, 1), { at: 0 })).toThrow(/CLOSED/);
      expect(() => volume.snapshots()).toThrow(/CLOSED/);
      expect(() => volume.diff('s')).toThrow(/CLOSED/);
      expect(volume.status().state).toBe('closed');
      await volume.close();
    }
  });

  test('whenever it comes while the volume is being closed; what it was told holds', async () => {
    for (let turns = 0; turns < 40; turns++) {
      const host = createMemoryHost();
      const volume = await openVolume(host, 'v', { ...SMALL, directBytes: 2 * CHUNK });
      await volume.write(0, filled(CHUNK, 1));
      const closed = volume.close();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      const outcomes = await Promise.all(
        [1, 4].map((chunks) =>
          volume.write(8 * CHUNK, filled(chunks * CHUNK, 1 + chunks)).then(
            () => 1 + chunks,
            () => 0,
          ),
        ),
      );
      await closed;
      const again = await openVolume(host, 'v');
      const last = outcomes.findLast((byte) => byte > 0) ?? 0;
      if (last > 0) expect(await bytesOf(again, 8 * CHUNK, 1)).toEqual([last]);
      expect((await again.check()).findings).toEqual([]);
      await again.close();
    }
  });

  test('with arguments that make no sense', async () => {
    const volume = await openVolume(createMemoryHost(), 'v', SMALL);
    const bad = { code: 'BAD_ARGUMENT' };
    for (const at of [-1, 0.5, Number.NaN, 64 * CHUNK, Infinity]) {
      await expect(volume.write(at, filled(1, 1))).rejects.toMatchObject(bad);
      await expect(volume.trim(at, 1)).rejects.toMatchObject(bad);
    }
    for (const name of ['', 'x'.repeat(201), '\ud800']) {
      await expect(volume.snapshot(name)).rejects.toMatchObject(bad);
    }
    await expect(volume.write(0, [1] as never)).rejects.toMatchObject(bad);
    expect(() => volume.readInto([1] as never, { at: 0 })).toThrow(/BAD_ARGUMENT/);
    expect(() => volume.readInto(filled(1, 1), { at: -1 })).toThrow(/BAD_ARGUMENT/);
    await expect(volume.atomic([{} as never])).rejects.toMatchObject(bad);
    await expect(volume.resize(-1)).rejects.toMatchObject(bad);
    await expect(volume.write(0, filled(1, 1), { view: 'nobody' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      outcome: 'not-written',
    });
    for (const options of [
      { chunkSizeBytes: 500 },
      { chunkSizeBytes: 131_072 },
      { sizeBytes: -1 },
    ]) {
      await expect(
        openVolume(createMemoryHost(), 'w', { ...SMALL, ...options }),
      ).rejects.toMatchObject(bad);
    }
    await volume.close();
  });

  test('when the journal has no room: refused, loaded anew, and what was there is there', async () => {
    const disk = new SimulatedDisk({ seed: 9 });
    const events: VolumeEvent[] = [];
    const volume = await openVolume(disk.host(), 'v', SMALL, (event) => events.push(event));
    await volume.write(0, filled(CHUNK, 1));
    disk.limitBytes = disk.sizeOf('v/journal') + disk.sizeOf('v/data') + disk.sizeOf('v/meta');
    let refused = 0;
    for (let index = 1; index < 60; index++) {
      await volume.write(index * CHUNK, filled(CHUNK, 2)).catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'QUOTA_EXCEEDED' });
        refused++;
      });
      if (refused > 0) break;
    }
    expect(refused).toBe(1);
    disk.limitBytes = Infinity;
    await volume.write(0, filled(1, 9));
    expect(await bytesOf(volume, 0, 2)).toEqual([9, 1]);
    expect(events.some(({ type }) => type === 'reloaded')).toBe(true);
    expect((await volume.check()).findings).toEqual([]);
    volume.abandon();
  });
});

/** Who is told what, and when: waiters, events, looks for the files, the witness, the counts of `status()`. */
import type { Directory, Host } from '@varve/files';
import { SimulatedDisk } from '@varve/files/simulated';
import type { StoreEvent } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { frame, join } from '../conformance/records.ts';
import { openStore } from './open-store.ts';
import type { StoreOptions } from './store-port.ts';

const SMALL: Partial<StoreOptions> = { segmentSizeBytes: 65_536, maxStateBytes: 1_024 };

/** A host that calls `looked` whenever a file is looked for, and waits for what it returns. */
function hostThatLooks(disk: SimulatedDisk, looked: () => Promise<void> | undefined): Host {
  const host = disk.host();
  const watched = (inner: Directory): Directory => ({
    openFile: (name, options) => inner.openFile(name, options),
    removeFile: (name) => inner.removeFile(name),
    removeDirectory: (name) => inner.removeDirectory(name),
    list: () => inner.list(),
    async hasFile(name) {
      await looked();
      return inner.hasFile(name);
    },
    async directory(name, options) {
      const child = await inner.directory(name, options);
      return child && watched(child);
    },
  });
  return { ...host, root: watched(host.root) };
}

describe('waiting', () => {
  test('for a durable record: a relaxed append wakes nobody, the flush does', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', { ...SMALL, durability: 'relaxed' });
    const woken: string[] = [];
    void store.waitBeyond(0, 'durable').then(() => woken.push('durable'));
    void store.waitBeyond(0, 'written').then(() => woken.push('written'));
    await store.append({ frames: frame('one') });
    await disk.advanceAsync(1);
    expect(woken).toEqual(['written']);
    await store.flush();
    expect(woken).toEqual(['written', 'durable']);
  });
});

describe('a look for the files', () => {
  test('under which the store is given up: what was flushed is acknowledged, and nothing more is announced', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const looks: (() => void)[] = [];
    const events: StoreEvent['type'][] = [];
    let slow = false;
    const host = hostThatLooks(disk, () =>
      slow ? new Promise((resolve) => looks.push(resolve)) : undefined,
    );
    const store = await openStore(host, 's', SMALL, ({ type }) => events.push(type));
    await disk.advanceAsync(300);
    slow = true;
    const appended = store.append({ frames: frame('one') });
    await disk.advanceAsync(1);
    expect(looks).toHaveLength(1);
    store.abandon();
    events.length = 0;
    looks[0]!();
    expect(await appended).toMatchObject({ firstLsn: 1 });
    await disk.advanceAsync(1);
    expect(events).toEqual([]);
  });

  test.each(['abandon', 'close'] as const)(
    'under which the store is given up (%s): nobody else has the file before everyone is told',
    async (how) => {
      const disk = new SimulatedDisk({ seed: 2 });
      const looks: (() => void)[] = [];
      let slow = false;
      const host = hostThatLooks(disk, () =>
        slow ? new Promise((resolve) => looks.push(resolve)) : undefined,
      );
      const store = await openStore(host, 's', SMALL);
      await disk.advanceAsync(300);
      slow = true;
      const told: string[] = [];
      void store.append({ frames: frame('one') }).then(() => told.push('appended'));
      await disk.advanceAsync(1);
      // A look of its own precedes an orderly end, and finds what the first one does.
      const ended = Promise.resolve(store[how]()).then(() => told.push('ended'));
      await disk.advanceAsync(1);
      await expect(openStore(disk.host(), 's', SMALL)).rejects.toMatchObject({
        code: 'STORE_BUSY',
      });
      looks.forEach((look) => look());
      await disk.advanceAsync(1);
      await ended;
      expect(told.toSorted()).toEqual(['appended', 'ended']);
      const next = await openStore(disk.host(), 's', SMALL);
      expect(next.status().lastLsn).toBe(1);
      await next.close();
    },
  );

  test('under which a generation ends: the file stays ours before everyone is told', async () => {
    const disk = new SimulatedDisk({ seed: 2, profile: 'fsync-fail-keep' });
    const looks: (() => void)[] = [];
    let slow = false;
    const host = hostThatLooks(disk, () =>
      slow ? new Promise((resolve) => looks.push(resolve)) : undefined,
    );
    const told: string[] = [];
    const store = await openStore(host, 's', SMALL, ({ type }) => told.push(type));
    await disk.advanceAsync(300);
    told.length = 0;
    slow = true;
    void store.append({ frames: frame('one') }).then(() => told.push('appended'));
    await disk.advanceAsync(1);
    disk.inject({ on: 'flush', effect: { throws: 'io' } });
    await expect(store.append({ frames: frame('two') })).rejects.toMatchObject({
      outcome: 'unknown',
    });
    slow = false;
    await disk.advanceAsync(1);
    await expect(openStore(disk.host(), 's', SMALL)).rejects.toMatchObject({ code: 'STORE_BUSY' });
    looks.forEach((look) => look());
    await disk.advanceAsync(1);
    expect(told).toEqual(['poisoned', 'appended', 'reopened']);
    await store.append({ frames: frame('three') });
    await store.close();
  });

  test('under which the witness is raised: whoever waits for the record is woken all the same', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const looks: (() => void)[] = [];
    let slow = false;
    const host = hostThatLooks(disk, () =>
      slow ? new Promise((resolve) => looks.push(resolve)) : undefined,
    );
    const store = await openStore(host, 's', SMALL);
    await store.append({ frames: frame('one') });
    await disk.advanceAsync(1_990);
    const woken: string[] = [];
    void store.waitBeyond(1, 'durable').then(() => woken.push('two'));
    slow = true;
    const appended = store.append({ frames: frame('two') });
    const witnessed = async (): Promise<number | undefined> =>
      (await host.witness.read('s'))?.durableLsn;
    expect(await witnessed()).toBe(0);
    await disk.advanceAsync(20);
    expect(await witnessed()).toBe(2);
    expect(looks).toHaveLength(1);
    looks[0]!();
    expect(await appended).toMatchObject({ firstLsn: 2 });
    await disk.advanceAsync(1);
    expect(woken).toEqual(['two']);
  });

  test('is not made for a flush in idle time: nobody waits for it', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    let looks = 0;
    const host = hostThatLooks(disk, () => {
      looks++;
      return undefined;
    });
    const store = await openStore(host, 's', { ...SMALL, durability: 'relaxed', relaxedMs: 500 });
    await store.append({ frames: frame('one') });
    const before = looks;
    await disk.advanceAsync(501);
    expect([store.status().durableLsn, looks - before]).toEqual([1, 0]);
  });

  test('that fails ends the generation: the files are opened anew before anything else is acknowledged', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    let failing = false;
    const host = hostThatLooks(disk, () =>
      failing ? Promise.reject(new Error('try again')) : undefined,
    );
    const events: StoreEvent['type'][] = [];
    const store = await openStore(host, 's', SMALL, ({ type }) => events.push(type));
    const { generation } = store.status();
    await disk.advanceAsync(300);
    failing = true;
    await expect(store.append({ frames: frame('one') })).rejects.toMatchObject({
      outcome: 'unknown',
    });
    failing = false;
    await store.append({ frames: frame('two') });
    expect(store.status().generation).toBe(generation + 1);
    expect(events).toEqual(expect.arrayContaining(['poisoned', 'reopened']));
  });
});

describe('the witness', () => {
  test('says what is durable soon after it is, and is not written for nothing', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const host = disk.host();
    let writes = 0;
    const counted: Host = {
      ...host,
      witness: {
        read: (name) => host.witness.read(name),
        remove: (name) => host.witness.remove(name),
        list: () => host.witness.list(),
        write: (name, entry) => {
          writes++;
          return host.witness.write(name, entry);
        },
      },
    };
    const store = await openStore(counted, 's', SMALL);
    await store.append({ frames: frame('one') });
    await disk.advanceAsync(3_000);
    expect((await host.witness.read('s'))!.durableLsn).toBe(1);
    const before = writes;
    await store.close();
    expect(writes - before).toBe(0);
  });
});

describe('a store that fails', () => {
  test('by a broken invariant takes nothing more; the append is unknown', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const host = disk.host();
    let broken = false;
    const random: Host['random'] = {
      fill: (bytes) => {
        if (broken) throw new TypeError('no such thing');
        host.random.fill(bytes);
      },
    };
    const events: StoreEvent['type'][] = [];
    const small = { ...SMALL, segmentSizeBytes: 4_096 };
    const store = await openStore({ ...host, random }, 's', small, ({ type }) => events.push(type));
    broken = true;
    await expect(
      (async () => {
        for (;;) await store.append({ frames: frame('x', 900) });
      })(),
    ).rejects.toMatchObject({ code: 'POISONED', outcome: 'unknown' });
    expect([store.state, events]).toEqual(['poisoned', expect.arrayContaining(['poisoned'])]);
    await expect(store.append({ frames: frame('y') })).rejects.toMatchObject({ code: 'POISONED' });
  });

  test('while it closes: whoever waits is told that nobody knows', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', SMALL);
    const appended = store.append({ frames: frame('one') });
    disk.inject({ on: 'flush', effect: { throws: 'io' }, sticky: true });
    expect(store.commits.close(store.journal!)).toMatchObject({ code: 'IO_ERROR' });
    store.abandon();
    await expect(appended).rejects.toMatchObject({ code: 'IO_ERROR', outcome: 'unknown' });
  });
});

describe('status', () => {
  test('counts commits, records and the last group from zero', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', SMALL);
    expect(store.status().commits).toMatchObject({ groups: 0, records: 0, lastGroupRecords: 0 });
    expect(store.status().queue).toMatchObject({ waitingAppends: 0, stalls: 0 });
    await store.append({ frames: frame('one') });
    await store.append({ frames: join([frame('two'), frame('three')]) });
    expect(store.status().commits).toMatchObject({ groups: 2, records: 3, lastGroupRecords: 2 });
    const stream = await store.openUnit();
    await stream.write(new Uint8Array(100));
    await stream.commit({ type: 64, channel: 0 });
    expect(store.status().commits).toMatchObject({ groups: 3, records: 4, lastGroupRecords: 1 });
  });
});

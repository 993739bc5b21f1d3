/** When the origin's storage is cleared under an open store: how late anything may be acknowledged. */
import type { Directory, Host } from '@varve/files';
import { SimulatedDisk } from '@varve/files/simulated';
import { describe, expect, test } from 'vitest';
import { frame } from '../conformance/records.ts';

import { openStore } from './open-store.ts';
import type { Store } from './store.ts';

const PROMISED_MS = 250;
const SMALL = { segmentSizeBytes: 4_096, maxStateBytes: 200, queueBytes: 1 << 20 };

/** A host on which looking for a file takes a while: its answer is as old as its beginning. */
function hostWithSlowLooks(disk: SimulatedDisk, lookMs: () => number): Host {
  const host = disk.host();
  const slow = (inner: Directory): Directory => ({
    openFile: (name, options) => inner.openFile(name, options),
    removeFile: (name) => inner.removeFile(name),
    removeDirectory: (name) => inner.removeDirectory(name),
    list: () => inner.list(),
    async hasFile(name) {
      const there = await inner.hasFile(name);
      const ms = lookMs();
      if (ms > 0) await new Promise<void>((resolve) => host.timers.after(ms, resolve));
      return there;
    },
    async directory(name, options) {
      const child = await inner.directory(name, options);
      return child && slow(child);
    },
  });
  return { ...host, root: slow(host.root) };
}

interface Heard {
  acks: number[];
  refusals: { atMs: number; code: string }[];
}

/** Appends whenever the last append was answered, and says when each was. */
async function appendFor(store: Store, disk: SimulatedDisk, ms: number): Promise<Heard> {
  const heard: Heard = { acks: [], refusals: [] };
  const { clock } = disk.host();
  let waiting = false;
  for (let passed = 0; passed < ms; passed += 10) {
    if (!waiting && heard.refusals.length === 0) {
      waiting = true;
      store.append({ frames: frame('x') }).then(
        () => {
          waiting = false;
          heard.acks.push(clock.nowMs());
        },
        (error: { code: string }) => {
          heard.refusals.push({ atMs: clock.nowMs(), code: error.code });
        },
      );
    }
    await disk.advanceAsync(10);
  }
  return heard;
}

test('on a file system where every look takes longer than that, appends are acknowledged all the same', async () => {
  const disk = new SimulatedDisk({ seed: 1 });
  let slow = 0;
  const store = await openStore(
    hostWithSlowLooks(disk, () => slow),
    's',
    SMALL,
  );
  slow = 400;
  await appendFor(store, disk, 300);
  const { acks, refusals } = await appendFor(store, disk, 6_000);
  expect(acks.length).toBeGreaterThan(3);
  expect(refusals).toEqual([]);
});

describe('after the files were cleared', () => {
  test.each([0, 20, 240, 400])(
    'nothing is acknowledged later than 250 ms, a look taking %i ms',
    async (lookMs) => {
      for (let phase = 0; phase < 10; phase++) {
        const disk = new SimulatedDisk({ seed: phase });
        let slow = 0;
        const host = hostWithSlowLooks(disk, () => slow);
        const store = await openStore(host, 's', SMALL);
        await appendFor(store, disk, 300 + phase * 25);
        // A look may be under way: from here on they are slow.
        slow = lookMs;
        await appendFor(store, disk, 40);
        const clearedMs = host.clock.nowMs();
        disk.clearSiteData({ witness: true });
        const { acks, refusals } = await appendFor(store, disk, 2000);
        for (const atMs of acks) expect(atMs - clearedMs).toBeLessThanOrEqual(PROMISED_MS);
        expect(refusals).toMatchObject([{ code: 'STORE_LOST' }]);
        expect(store.state).toBe('lost');
      }
    },
  );

  test('what a flush or a checkpoint carries along is not acknowledged without a look either', async () => {
    for (const carry of ['flush', 'checkpoint'] as const) {
      const disk = new SimulatedDisk({ seed: 3 });
      const store = await openStore(disk.host(), 's', SMALL);
      await store.append({ frames: frame('one') });
      disk.clearSiteData({ witness: true });
      await disk.advanceAsync(PROMISED_MS + 1);
      const appended = store.append({ frames: frame('two') });
      const carried = carry === 'flush' ? store.flush() : store.checkpoint(new Uint8Array([1]), 1);
      await expect(appended).rejects.toMatchObject({ code: 'STORE_LOST', outcome: 'unknown' });
      if (carry === 'flush') await expect(carried).rejects.toMatchObject({ code: 'STORE_LOST' });
      else await carried;
    }
  });

  test('at once after opening: what earlier processes had acknowledged is not called void', async () => {
    const disk = new SimulatedDisk({ seed: 5 });
    const first = await openStore(disk.host(), 's', SMALL);
    for (const text of ['one', 'two']) await first.append({ frames: frame(text) });
    await first.close();
    const told: unknown[] = [];
    const store = await openStore(disk.host(), 's', SMALL, (event) => told.push(event));
    await store.append({ frames: frame('three') });
    disk.clearSiteData({ witness: true });
    await disk.advanceAsync(PROMISED_MS + 1);
    await expect(store.append({ frames: frame('four') })).rejects.toMatchObject({
      code: 'STORE_LOST',
      facts: { from: 3, to: 3 },
    });
    expect(told).toContainEqual({ type: 'lost', from: 3, to: 3 });
  });

  test('a store that then reopens itself is lost, never a fresh one', async () => {
    const disk = new SimulatedDisk({ seed: 4 });
    const events: string[] = [];
    const store = await openStore(disk.host(), 's', SMALL, ({ type }) => events.push(type));
    for (const text of ['one', 'two']) await store.append({ frames: frame(text) });
    disk.clearSiteData({ witness: true });
    disk.inject({ on: 'flush', effect: { throws: 'io' } });
    const failed = store.append({ frames: frame('three') });
    await expect(failed).rejects.toMatchObject({ code: 'IO_ERROR', outcome: 'unknown' });
    await disk.advanceAsync(5000);
    expect(store.state).toBe('lost');
    expect(events).toContain('lost');
    await expect(store.append({ frames: frame('four') })).rejects.toMatchObject({
      code: 'STORE_LOST',
      outcome: 'not-written',
    });
  });
});

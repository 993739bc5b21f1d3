/** What opening says and leaves behind: events, the report, the incarnation, the witness; and removing. */
import { SimulatedDisk } from '@varve/files/simulated';
import { recordFrameBytes, writeRecordFrame } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { frame, readAll, shown } from '../conformance/records.ts';
import { SLOTS_START } from './format.ts';
import { removeStore } from './open-journal.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';
import type { StoreOptions } from './store-port.ts';
import { encodeUnitDescriptor } from './unit-descriptor.ts';

const SMALL: Partial<StoreOptions> = { segmentSizeBytes: 4_096, maxStateBytes: 1_024 };

const incarnationOf = (store: Store): string =>
  store.openedJournal!.journal!.superblockNow(false).incarnation.join();

describe('what recovery says', () => {
  test.each([
    [0, []],
    [1, ['superblock-lost']],
  ] as const)('with %i superblocks lost', async (lost, rows) => {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', SMALL);
    await store.append({ frames: frame('one') });
    await store.close();
    for (let place = 0; place < lost; place++) disk.poke('s/journal', new Uint8Array(64), place);
    const again = await openStore(disk.host(), 's', SMALL);
    const { recovery } = again.status();
    expect(recovery.rows.filter((row) => row === 'superblock-lost')).toEqual(rows);
    expect(recovery.invalidSuperblocks).toHaveLength(lost);
    expect(readAll(again)).toEqual([shown(1, 'one')]);
  });

  test.each([
    ['zeros', undefined],
    ['bytes', Uint8Array.of(1, 2, 3)],
  ] as const)('of a tail behind which stand %s', async (evidence, torn) => {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', SMALL);
    await store.append({ frames: frame('one') });
    const { usedBytes } = store.layout().slots[0]!;
    store.abandon();
    if (torn !== undefined) disk.poke('s/journal', torn, SLOTS_START + usedBytes + 600);
    const again = await openStore(disk.host(), 's', SMALL);
    expect(again.status().recovery).toMatchObject({ tailUncertain: { from: 2, evidence } });
    expect(again.status().recovery.tornBytes > 0).toBe(torn !== undefined);
  });
});

describe('opening', () => {
  test('is announced, with the report', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const events: unknown[] = [];
    const store = await openStore(disk.host(), 's', SMALL, (event) => events.push(event));
    expect(events[0]).toEqual({ type: 'recovered', report: store.status().recovery });
  });

  test('gives each process an incarnation of its own', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const first = await openStore(disk.host(), 's', SMALL);
    first.abandon();
    const second = await openStore(disk.host(), 's', SMALL);
    expect(incarnationOf(first)).not.toBe(incarnationOf(second));
  });

  test('says how many bytes it scanned: all after a kill, none after a close', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', SMALL);
    for (let index = 0; index < 3; index++) await store.append({ frames: frame('x', 900) });
    const { usedBytes } = store.layout().slots[0]!;
    store.abandon();
    const killed = await openStore(disk.host(), 's', SMALL);
    const { scannedBytes } = killed.status().recovery;
    expect(scannedBytes).toBeGreaterThan(2_700);
    expect(scannedBytes).toBeLessThanOrEqual(usedBytes);
    // What was scanned counts towards the next move of `scanStart`.
    expect(killed.status().bytesSinceScanStart).toBeGreaterThanOrEqual(scannedBytes);
    await killed.close();
    const closed = await openStore(disk.host(), 's', SMALL);
    expect(closed.status().recovery).toMatchObject({ scannedBytes: 0, clean: true, lastLsn: 3 });
  });

  test('keeps what was covered: a checkpoint cannot go back', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', SMALL);
    for (const text of ['one', 'two', 'three']) await store.append({ frames: frame(text) });
    await store.checkpoint(Uint8Array.of(1), 3);
    store.abandon();
    const again = await openStore(disk.host(), 's', SMALL);
    expect(again.status().coveredLsn).toBe(3);
    for (const upTo of [2, 4, 3.5, NaN]) {
      await expect(again.checkpoint(Uint8Array.of(2), upTo)).rejects.toMatchObject({
        code: 'BAD_ARGUMENT',
      });
    }
    expect(again.readState()).toMatchObject({ state: Uint8Array.of(1), coveredLsn: 3 });
  });
});

describe('a damaged store', () => {
  const FILE = 's/journal';

  test('in which a flushed record is hit: what is missing is named, the rest is served, nothing is written', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', SMALL);
    for (const text of ['a', 'b', 'c', 'd', 'e']) await store.append({ frames: frame(text) });
    const hit = store
      .batches(0)
      .filter(({ kind, firstLsn }) => kind === 'records' && firstLsn === 2);
    expect(hit).toHaveLength(1);
    store.abandon();
    disk.poke(FILE, new Uint8Array(hit[0]!.bytes), SLOTS_START + hit[0]!.offset);
    const again = await openStore(disk.host(), 's', SMALL);
    expect(again.state).toBe('read-only');
    expect(again.status().recovery.damage).toMatchObject([{ from: 2, to: 2 }]);
    const pieces = [...again.salvage()].map((piece) =>
      'from' in piece ? [piece.from, piece.to] : piece.runs.map(({ firstLsn }) => firstLsn),
    );
    expect(pieces.flat()).toEqual([1, 2, 2, 3, 4, 5]);
  });

  test('whose only segment has lost its header is read-only, and the report says why', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', SMALL);
    for (const text of ['a', 'b', 'c']) await store.append({ frames: frame(text) });
    store.abandon();
    disk.poke(FILE, new Uint8Array(64), SLOTS_START);
    const again = await openStore(disk.host(), 's', SMALL);
    expect(again.state).toBe('read-only');
    const { rows } = again.status().recovery;
    expect(rows.filter((row) => row === 'header-lost')).toEqual(['header-lost']);
  });
});

describe('an erasing that was cut short', () => {
  test('is finished; the store made in its place has a witness that says so', async () => {
    for (const filesToo of [true, false]) {
      const disk = new SimulatedDisk({ seed: 2 });
      const host = disk.host();
      (await openStore(host, 's', SMALL)).abandon();
      const entry = await host.witness.read('s');
      await host.witness.write('s', { ...entry!, state: 'erasing' });
      if (filesToo) await host.root.removeDirectory('s');
      await expect(openStore(host, 's', { ...SMALL, create: false })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      expect(await host.witness.read('s')).toBeUndefined();
      await host.witness.write('s', { ...entry!, state: 'erasing' });
      const store = await openStore(host, 's', SMALL);
      expect(await host.witness.read('s')).toMatchObject({
        state: 'live',
        seedId: store.status().seedId,
      });
    }
  });
});

describe('removing', () => {
  test('an open store is refused, and nothing of it is touched', async () => {
    const disk = new SimulatedDisk({ seed: 2 });
    const store = await openStore(disk.host(), 's', SMALL);
    await store.append({ frames: frame('one') });
    await expect(removeStore(disk.host(), 's')).rejects.toMatchObject({ code: 'STORE_BUSY' });
    await store.append({ frames: frame('two') });
    await store.close();
    const again = await openStore(disk.host(), 's', { ...SMALL, create: false });
    expect(readAll(again)).toEqual([shown(1, 'one'), shown(2, 'two')]);
  });

  test('leaves nothing, with or without files, with or without a witness; what is not there is no error', async () => {
    for (const left of ['both', 'files', 'witness', 'none'] as const) {
      const disk = new SimulatedDisk({ seed: 2 });
      const host = disk.host();
      await (await openStore(host, 's', SMALL)).close();
      if (left === 'witness' || left === 'none') await host.root.removeDirectory('s');
      if (left === 'files' || left === 'none') await host.witness.remove('s');
      await removeStore(host, 's');
      expect([left, await host.witness.read('s')]).toEqual([left, undefined]);
      expect(await host.root.directory('s', { create: false })).toBeUndefined();
      await expect(openStore(host, 's', { ...SMALL, create: false })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
    }
  });
});

test('written again after a kill, a record whose bytes look like a unit’s descriptor stays what it is', async () => {
  const unit = {
    unitId: 1,
    fragments: 1,
    firstSegment: 1,
    firstOffset: 4_000,
    bytes: 9,
    digest: 9,
  };
  const payload = encodeUnitDescriptor({ ...unit, settled: false });
  const frames = new Uint8Array(recordFrameBytes(0, payload.length));
  writeRecordFrame(frames, 0, 64, 0, payload, 0);
  const disk = new SimulatedDisk({ seed: 2 });
  const store = await openStore(disk.host(), 's', SMALL);
  await store.append({ frames });
  store.abandon();
  const again = await openStore(disk.host(), 's', SMALL);
  expect(again.status().recovery.rewrittenRecords).toBe(1);
  const { bytes, runs } = again.readChunk({ after: 0, maxBytes: 1_000 });
  expect(bytes.slice(runs[0]!.start, runs[0]!.end)).toEqual(frames);
});

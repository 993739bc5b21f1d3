/** Bugs that this lane found, each by the disaster that shows it. The planted bugs put some of them back. */
import { SimulatedDisk } from '@varve/files/simulated';
import { newRecordFrame, readRecordFrame } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { openStore } from '../src/index.ts';
import { type LaneCase, PADDED_STORE, SMALL_STORE } from './cases.ts';
import { History } from './history.ts';
import { LIMITS, runCase } from './lane.ts';
import { OPERATIONS, operationOf } from './operations.ts';
import { checkWhole, equal } from './oracle.ts';
import { framesOf, Run } from './run.ts';
import { lineOf } from './slice.ts';
import { newTally } from './tally.ts';

const PLAIN: LaneCase = {
  runSeed: 7,
  number: 0,
  seed: 7,
  profile: 'power',
  workload: [],
  options: SMALL_STORE,
  fault: undefined,
  faultBeginsAt: 0,
  faultEndsAt: Infinity,
  spareBytes: Infinity,
  formatToo: false,
  namesSettled: true,
  crashFrom: 0,
  subsets: 'few',
};
const ALL = {
  ...LIMITS,
  crashPercent: 100,
  perCrash: 40,
  secondLifeEvery: Infinity,
  rotEvery: Infinity,
  readFaultEvery: Infinity,
  woundEvery: Infinity,
};
const PROMISES = { whole: true, crash: 'machine' } as const;

async function violationsOf(lane: Partial<LaneCase>): Promise<readonly string[]> {
  const result = newTally();
  await runCase({ ...PLAIN, ...lane }, ALL, result);
  expect(result.images).toBeGreaterThan(20);
  return result.violations.map(lineOf);
}

const failingFlush = { on: 'flush', path: 's/journal', effect: { throws: 'io' } } as const;

describe('found by the image lane, looking at itself', () => {
  test('a store of which the erasing was cut short is opened to be read only: it is not there', async () => {
    for (const filesToo of [true, false]) {
      const disk = new SimulatedDisk({ record: false });
      const host = disk.host();
      (await openStore(host, 's', SMALL_STORE)).abandon();
      const entry = await host.witness.read('s');
      await host.witness.write('s', { ...entry!, state: 'erasing' });
      if (filesToo) await host.root.removeDirectory('s');
      const opening = openStore(host, 's', { ...SMALL_STORE, readOnly: true });
      await expect(opening).rejects.toMatchObject({ code: 'NOT_FOUND' });
      // Whoever may write finishes it, and says so.
      const store = await openStore(host, 's', SMALL_STORE);
      expect(store.status().recovery.rows[0]).toBe('erase-interrupted');
      store.abandon();
    }
  });
});

describe('found by the image lane', () => {
  test.each([0, 1, 2, 3])(
    'flush %i of a rotation fails, the cache keeps what the disk lost: acknowledged records are found behind it',
    async (skip) => {
      for (const sticky of [false, true]) {
        const violations = await violationsOf({
          profile: 'fsync-fail-keep',
          workload: ['small', 'fill', 'sectors', 'fill', 'burst'],
          fault: { ...failingFlush, skip, sticky },
          faultBeginsAt: 2,
          faultEndsAt: 4,
        });
        expect(violations).toEqual([]);
      }
    },
  );

  test('a superblock’s flush fails and its sector is garbage: reopening never endangers the other one', async () => {
    for (const skip of [0, 1, 2, 3]) {
      const violations = await violationsOf({
        profile: 'power-no-psow',
        workload: ['small', 'checkpoint', 'small'],
        options: PADDED_STORE,
        fault: { ...failingFlush, skip },
        faultBeginsAt: 1,
      });
      expect(violations, `flush ${skip}`).toEqual([]);
    }
  });

  test('writing again what nothing proves fails, and is cut short the next time: the originals still count', async () => {
    for (const skip of [3, 4, 5]) {
      const violations = await violationsOf({
        profile: 'fsync-fail-keep',
        workload: ['small', 'fill', 'sectors', 'abandon', 'trim'],
        fault: { ...failingFlush, skip },
        faultBeginsAt: 3,
      });
      expect(violations, `flush ${skip}`).toEqual([]);
    }
  });

  test('one byte of a superblock is written, then nothing: reopening settles it before it touches the other', async () => {
    for (const skip of [0, 1, 2, 3]) {
      const violations = await violationsOf({
        profile: 'power-no-psow',
        workload: ['small', 'checkpoint', 'small'],
        options: PADDED_STORE,
        fault: { on: 'write', path: 's/journal', effect: { short: 1 }, skip },
        faultBeginsAt: 1,
      });
      expect(violations, `write ${skip}`).toEqual([]);
    }
  });

  test('a group larger than a segment, written again after a kill, keeps the segments of its fragments', async () => {
    for (const filler of [0, 1, 2, 3]) {
      const disk = new SimulatedDisk({ seed: 1 });
      const run = await begin(disk);
      for (let index = 0; index < filler; index++) await OPERATIONS['sectors']!(run);
      await OPERATIONS['bigBatch']!(run);
      await run.reopen(true);
      await run.store.trim(1);
      await OPERATIONS['segments']!(run);
      await run.store.trim(1);
      checkWhole(
        run.store,
        { history: run.history, op: Infinity, promises: PROMISES, namesMayBeLost: false },
        Infinity,
      );
    }
  });

  test('power lost in a rotation, then trimmed and closed without an append: the store opens again', async () => {
    const disk = new SimulatedDisk({ seed: 1 });
    const run = await begin(disk);
    for (const name of ['small', 'fill', 'sectors', 'segments']) await OPERATIONS[name]!(run);
    run.store.abandon();
    let looked = 0;
    for (const image of disk.images({
      crashAt: 'every-op',
      subsets: { exhaustiveUpTo: 6, random: 4, pairs: 4, atMost: 12 },
    })) {
      if (image.op <= run.history.openedAtOp) continue;
      const host = image.disk().host();
      const store = await openStore(host, 's', SMALL_STORE);
      const { lastLsn } = store.status();
      await store.trim(lastLsn + 1);
      await store.close();
      const again = await openStore(host, 's', SMALL_STORE);
      expect([image.id, again.state, again.status().lastLsn]).toEqual([image.id, 'open', lastLsn]);
      // The header that was lost has been written: the log is not found by the record before it.
      expect([image.id, ...again.status().recovery.rows]).not.toContain('header-lost');
      looked++;
    }
    expect(looked).toBeGreaterThan(50);
  });
});

async function begin(disk: SimulatedDisk): Promise<Run> {
  const host = disk.host();
  const store = await openStore(host, 's', SMALL_STORE);
  await disk.advanceAsync(61_000);
  const history = new History();
  history.openedAtOp = disk.opCount;
  return new Run(disk, host, history, SMALL_STORE, store);
}

test('a crash on a full disk: opening is refused for want of room, reading is not, and with room all is there', async () => {
  const disk = new SimulatedDisk({ seed: 7 });
  const run = await begin(disk);
  const { host, history } = run;
  disk.limitBytes = disk.sizeOf('s/journal') + 3 * 4_096;
  for (const name of ['segments', 'checkpoint', 'segments', 'checkpoint', 'bigState']) {
    await operationOf(name)(run);
    await run.settle();
  }
  // More than the spare slots hold, and nothing proves that it was flushed.
  await operationOf('relaxed~1441-582~8344-8162-8304~80-8260-65')(run);
  run.store.abandon();
  const { lastLsn } = history;
  for (let attempt = 0; attempt < 3; attempt++) {
    const opening = openStore(host, 's', SMALL_STORE);
    await expect(opening).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED' });
  }
  const reader = await openStore(host, 's', { ...SMALL_STORE, readOnly: true });
  expect(reader.status().lastLsn).toBe(lastLsn);
  reader.abandon();
  disk.limitBytes = Infinity;
  await run.reopen(true);
  const expectation = { history, op: Infinity, promises: PROMISES, namesMayBeLost: false };
  checkWhole(run.store, expectation, Infinity);
  expect(run.store.status().lastLsn).toBe(lastLsn);
});

test('a torn beginning of a generation is not made whole by half of the next one’s, at the same place', async () => {
  let withdrawn = 0;
  for (let length = 8; length < 520; length += 24) {
    const disk = new SimulatedDisk({ seed: length });
    const run = await begin(disk);
    await run.append([[length]], 'strict');
    await run.store.close();
    await run.reopen(false);
    const begun = disk.opCount;
    const torn = run.payload(200);
    await run.store.append({ frames: framesOf([torn]) });
    run.store.abandon();
    for (const image of disk.images({ crashAt: (op) => op > begun })) {
      const second = image.disk({ record: true });
      // Closed by a generation that wrote nothing.
      const looking = await openStore(second.host(), 's', SMALL_STORE);
      const isThere = looking.status().lastLsn === 2;
      await looking.close();
      if (isThere) continue;
      withdrawn++;
      const writing = await openStore(second.host(), 's', SMALL_STORE);
      const from = second.opCount;
      const other = run.payload(200);
      await writing.append({ frames: framesOf([other]) });
      writing.abandon();
      for (const last of second.images({ crashAt: (op) => op > from })) {
        const store = await openStore(last.disk().host(), 's', SMALL_STORE);
        expect(store.status().damage).toEqual([]);
        const { bytes, runs } = store.readChunk({ after: 1, maxBytes: 4_096 });
        const frame = newRecordFrame();
        for (const { start, end } of runs) {
          readRecordFrame(bytes, start, end, frame);
          const found = bytes.subarray(frame.payloadStart, frame.payloadEnd);
          expect(equal(found, other)).toBe(true);
        }
        store.abandon();
      }
    }
  }
  expect(withdrawn).toBeGreaterThan(40);
});

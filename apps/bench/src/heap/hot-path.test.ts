/**
 * The hot path allocates nothing for a record. Guarded with V8's heap profiler, and in slopes: what
 * calls of 600 records allocate beyond those of 100 is what 500 records cost.
 */
import { describe, expect, test, vi } from 'vitest';
import { steadyAllocationsOf, totalBytes } from './allocations.ts';
import {
  engineAppends,
  type HeapPath,
  logAppends,
  replayOfChunks,
  replayOfEntries,
  replayOfViews,
  storeAppends,
} from './paths.ts';
import { heapOf } from './report.ts';

/** The smallest thing that V8 makes is a number in a box: with one a record every bound is broken. */
const BOXED_NUMBER_BYTES = 16;
/** A place in the index every 64 KiB, a segment every 4 MiB, a status every 50 ms: 1 to 4 bytes. */
const NOTHING_BYTES = BOXED_NUMBER_BYTES / 2;
const SLOT_BYTES = 8;
const LOOKS = 4;
/** A replay is one long call: its code is compiled within the first. */
const REPLAY_LOOKS = 2;
const RECORDS = 100_000;

// Seconds of work that a crowded machine has made minutes of.
vi.setConfig({ testTimeout: 300_000 });

async function bytesOfARecord(appends: (recordsPerCall: number) => HeapPath): Promise<number> {
  const small = await heapOf(appends(100), LOOKS, RECORDS);
  const large = await heapOf(appends(600), LOOKS, RECORDS);
  return (large.bytesPerCall - small.bytesPerCall) / 500;
}

/** Of a replayed record, what was allocated in files of these packages. */
async function bytesIn(path: HeapPath, packages: RegExp): Promise<number> {
  const { allocations, calls } = await heapOf(path, REPLAY_LOOKS);
  const inside = allocations.filter(({ file }) => packages.test(file));
  expect(inside.length).toBeGreaterThan(0);
  return totalBytes(inside) / calls / path.recordsPerCall;
}

describe('in the steady state', () => {
  test('a record of a batch costs the store no allocation, from encoding to write', async () => {
    expect(await bytesOfARecord(storeAppends)).toBeLessThan(NOTHING_BYTES);
  });

  test('a record of a batch costs the engine no allocation, from message to answer', async () => {
    expect(await bytesOfARecord(engineAppends)).toBeLessThan(NOTHING_BYTES);
  });

  test('a record of a batch costs the page a slot in the list of encoded values, no more', async () => {
    // Messages and statuses take part in it, and more of them the slower the disk is.
    expect(await bytesOfARecord(logAppends)).toBeLessThan(SLOT_BYTES + BOXED_NUMBER_BYTES - 4);
  });

  test('a batch of 1,000 costs less than 10 bytes a record with all that is for the batch', async () => {
    const store = await heapOf(storeAppends(1_000), LOOKS);
    expect(store.bytesPerRecord).toBeLessThan(10);
  });

  test('a replay that needs no objects gets none: chunks are read into one buffer', async () => {
    const { bytesPerRecord } = await heapOf(replayOfChunks, REPLAY_LOOKS);
    expect(bytesPerRecord).toBeLessThan(NOTHING_BYTES);
  });

  test('a replay that hands out views allocates them and nothing below', async () => {
    expect(await bytesIn(replayOfViews, /^packages\//)).toBeLessThan(NOTHING_BYTES);
  });

  test('a replay that hands out entries makes them on the page: the engine allocates nothing', async () => {
    expect(await bytesIn(replayOfEntries, /^packages\/(?!varve\/)/)).toBeLessThan(NOTHING_BYTES);
  });
});

test('one object a record would be seen', async () => {
  const records = 100_000;
  const last: object[] = [];
  const work = async (): Promise<void> => {
    for (let at = 0; at < records; at++) last[at & 1] = { at };
  };
  await work();
  const bytes = totalBytes(await steadyAllocationsOf(LOOKS, work));
  expect(bytes / records).toBeGreaterThan(BOXED_NUMBER_BYTES);
});

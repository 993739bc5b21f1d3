/** A store that is read from its file alone, at rest and while it is written. */
import type { FileView, Host, ViewingHost } from '@varve/files';
import { createMemoryHost } from '@varve/files/memory';
import { type ErrorCode, isVarveError, newRecordFrame, readRecordFrame } from '@varve/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { frame } from '../conformance/records.ts';
import { openStore } from './open-store.ts';
import { slotStart } from './geometry.ts';
import type { StoreOptions } from './store-port.ts';
import type { Store } from './store.ts';
import { ViewedStore } from './viewed-store.ts';

type Origin = Host & ViewingHost;

const SMALL: Partial<StoreOptions> = { segmentSizeBytes: 16_384, maxStateBytes: 1_024 };

const open = (host: Host, options: Partial<StoreOptions> = SMALL): Promise<Store> =>
  openStore(host, 's', options);

const textOf = (lsn: number): string => `record ${lsn} `;

async function append(store: Store, count: number, length = 100): Promise<void> {
  let { lastLsn } = store.status();
  const appended = Array.from({ length: count }, () =>
    store.append({ frames: frame(textOf(++lastLsn), length) }),
  );
  await Promise.all(appended);
}

/** Nobody has it open; or who has it tells nothing. */
const atRest = async (): Promise<boolean> => true;
const underWay = async (): Promise<boolean> => false;

/** LSNs and whether each payload is what {@link append} made of it. */
async function read(viewed: ViewedStore, after = 0, maxBytes = 10_000): Promise<number[]> {
  const lsns: number[] = [];
  const into = newRecordFrame();
  for (let from = after; ;) {
    const { bytes, runs, done } = await viewed.readChunk({ after: from, maxBytes });
    for (const { firstLsn, count, start, end } of runs) {
      let at = start;
      for (let lsn = firstLsn; lsn < firstLsn + count; lsn++) {
        const next = readRecordFrame(bytes, at, end, into);
        const { payloadStart, payloadEnd } = into;
        const expected = frame(textOf(lsn), payloadEnd - payloadStart);
        expect(Buffer.compare(bytes.subarray(at, next), expected), `record ${lsn}`).toBe(0);
        lsns.push(lsn);
        at = next;
      }
      from = firstLsn + count - 1;
    }
    if (done || runs.length === 0) return lsns;
  }
}

const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (isVarveError(error)) return error.code;
    throw error;
  }
}

/** The file with other bytes in some places. */
function patched(host: Origin, patch: (bytes: Uint8Array) => Uint8Array): ViewingHost {
  return {
    ...host,
    async view(folder, file) {
      const view = (await host.view(folder, file))!;
      const bytes = patch(await view.read(0, await view.getSize()));
      return {
        getSize: async () => bytes.length,
        read: async (at, length) => bytes.slice(at, at + length),
      };
    },
  };
}

/** Something is done before each read. */
function meanwhile(host: Origin, act: () => Promise<void> | void): ViewingHost {
  return {
    ...host,
    async view(folder, file) {
      const view = await host.view(folder, file);
      if (view === undefined) return undefined;
      const read: FileView['read'] = async (at, length) => {
        await act();
        return view.read(at, length);
      };
      return { getSize: view.getSize, read };
    },
  };
}

describe('at rest', () => {
  test('a store that was closed is read as it was written, whatever the size of the pieces', async () => {
    const host = createMemoryHost();
    const store = await open(host);
    await append(store, 700);
    await store.close();
    const viewed = new ViewedStore(host, 's', atRest);
    expect(await read(viewed)).toEqual(upTo(700));
    expect(await read(viewed, 650, 1)).toEqual(upTo(700, 651));
    const { runs } = await viewed.readChunk({ after: 0, reverse: true, maxBytes: 1_000 });
    expect(runs.at(0)).toMatchObject({ firstLsn: expect.any(Number) });
    expect(await viewed.lineageId()).toBe(store.status().lineageId);
  });

  test('what nothing proves to have been flushed is not served; the mark behind it proves it', async () => {
    const host = createMemoryHost();
    const store = await open(host);
    await append(store, 3);
    await append(store, 1);
    store.abandon();
    // The last group is there and whole: a power cut could still take it.
    expect(await read(new ViewedStore(host, 's', atRest))).toEqual(upTo(3));
    const again = await open(host);
    expect(again.status().lastLsn).toBe(4);
    await append(again, 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    again.abandon();
    expect(await read(new ViewedStore(host, 's', atRest))).toEqual(upTo(5));
  });

  test('a tail torn anywhere: an exact prefix that holds all that is proven, and no error', async () => {
    const host = createMemoryHost();
    const store = await open(host);
    await append(store, 20);
    const proven = store.status().durableLsn;
    const from = endOf(store);
    await append(store, 1, 3_000);
    const to = endOf(store);
    store.abandon();
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: from, max: to - 1 }), async (cut) => {
        const torn = patched(host, (bytes) => bytes.fill(0, cut, to));
        const lsns = await read(new ViewedStore(torn, 's', atRest));
        expect(lsns.length).toBeLessThanOrEqual(proven);
        expect(lsns).toEqual(upTo(lsns.length));
      }),
    );
  });

  test('damage in the middle: CORRUPT with its range, and what stands around it is served', async () => {
    const host = createMemoryHost();
    const store = await open(host);
    for (let group = 0; group < 40; group++) await append(store, 1, 1_000);
    await store.close();
    const { geometry } = store.openedJournal!.recovered;
    const damaged = patched(host, (bytes) =>
      bytes.fill(7, slotStart(geometry, 0) + 5_000, slotStart(geometry, 0) + 5_100),
    );
    const viewed = new ViewedStore(damaged, 's', atRest);
    const error: unknown = await read(viewed).catch((cause: unknown) => cause);
    expect(isVarveError(error, 'CORRUPT')).toBe(true);
    const { from, to } = (error as { facts: { from: number; to: number } }).facts;
    expect(from).toBe(to);
    expect(await read(viewed, to)).toEqual(upTo(40, to + 1));
    const { runs } = await viewed.readChunk({ after: 0, before: from, maxBytes: 100_000 });
    expect(runs.at(-1)!.firstLsn + runs.at(-1)!.count).toBe(from);
  });

  test('both superblocks gone: CORRUPT; the file gone: STORE_LOST; neither file nor witness: NOT_FOUND', async () => {
    const host = createMemoryHost();
    await (await open(host)).close();
    const headless = patched(host, (bytes) => bytes.fill(0, 0, 131_072));
    expect(await codeOf(read(new ViewedStore(headless, 's', atRest)))).toBe('CORRUPT');
    const gone: ViewingHost = { ...host, view: async () => undefined };
    expect(await codeOf(read(new ViewedStore(gone, 's', atRest)))).toBe('STORE_LOST');
    expect(await codeOf(read(new ViewedStore(host, 'other', atRest)))).toBe('NOT_FOUND');
  });
});

describe('a long value', () => {
  const BYTES = 6_000_000;
  // No stretch of it comes twice.
  const value = Uint8Array.from({ length: BYTES }, (_, index) => {
    const mixed = Math.imul(index ^ (index >>> 7), 0x2c1b3c6d);
    return Math.imul(mixed ^ (mixed >>> 13), 0x297a2d39) >>> 16;
  });

  async function withValue(): Promise<Origin> {
    const host = createMemoryHost();
    const store = await open(host, { segmentSizeBytes: 1_048_576 });
    await append(store, 2);
    const unit = await store.openUnit();
    for (let at = 0; at < BYTES; at += 100_000) await unit.write(value.subarray(at, at + 100_000));
    await unit.commit({ type: 64, channel: 0 });
    await append(store, 2);
    await store.close();
    return host;
  }

  test('any part of it, in any order, is what was written, and little of the file is read for it', async () => {
    const host = await withValue();
    let bytesRead = 0;
    const counted: ViewingHost = {
      ...host,
      async view(folder, file) {
        const view = (await host.view(folder, file))!;
        const read: FileView['read'] = async (at, length) => {
          bytesRead += length;
          return view.read(at, length);
        };
        return { getSize: view.getSize, read };
      },
    };
    const viewed = new ViewedStore(counted, 's', atRest);
    const part = async (at: number, length: number): Promise<void> => {
      const { bytes, done } = await viewed.readPiece(3, at, length);
      expect(Buffer.compare(bytes, value.subarray(at, at + length)), `${length} at ${at}`).toBe(0);
      expect(done).toBe(at + length >= BYTES);
    };
    await part(BYTES - 10, 100);
    const toTheEnd = bytesRead;
    await part(0, 10);
    await part(3_000_000, 200_000);
    await part(4_999_999, 1);
    expect(bytesRead - toTheEnd).toBeLessThan(BYTES / 2);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: BYTES - 1 }),
        fc.integer({ min: 1, max: 300_000 }),
        part,
      ),
      { numRuns: 40 },
    );
  });

  test('damaged in the middle: what stands before the damage is served, and nothing behind it', async () => {
    const host = await withValue();
    const again = await open(host, {});
    await append(again, 2);
    await again.close();
    const needle = value.subarray(3_000_100, 3_000_400);
    const damaged = patched(host, (bytes) => {
      bytes[Buffer.from(bytes.buffer).indexOf(needle)]! ^= 255;
      return bytes;
    });
    const viewed = new ViewedStore(damaged, 's', atRest);
    expect((await viewed.readChunk({ after: 2, before: 4, maxBytes: 1 })).runs).toHaveLength(1);
    const { bytes } = await viewed.readPiece(3, 1_000, 1_048_576);
    expect(Buffer.compare(bytes, value.subarray(1_000, 1_049_576))).toBe(0);
    expect(await codeOf(viewed.readPiece(3, 3_000_000, 1_000))).toBe('CORRUPT');
    expect(await codeOf(viewed.readPiece(3, 5_000_000, 1_000))).toBe('CORRUPT');
  });
});

describe('while it is written', () => {
  const RECYCLED: Partial<StoreOptions> = {
    segmentSizeBytes: 4_096,
    maxStateBytes: 1_024,
    keep: { bytes: 16_384 },
  };

  test('slots are used again between any two reads: each record is right, or the read says that it is gone', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.nat({ max: 200 }), { minLength: 1, maxLength: 6 }),
        async (steps, asked) => {
          const host = createMemoryHost();
          const store = await open(host, RECYCLED);
          await append(store, 60);
          let step = 0;
          const busy = meanwhile(host, () => append(store, steps[step++] ?? 0));
          const viewed = new ViewedStore(busy, 's', underWay);
          for (const back of asked) {
            step = 0;
            const after = Math.max(0, store.status().lastLsn - back);
            const lsns = await read(viewed, after).catch((error: unknown) => {
              if (isVarveError(error, 'TRIMMED') || isVarveError(error, 'STORE_BUSY')) return [];
              throw error;
            });
            lsns.forEach((lsn, index) => expect(lsn).toBe(lsns[0]! + index));
            expect(lsns.at(-1) ?? 0).toBeLessThanOrEqual(store.status().durableLsn);
          }
          await store.close();
        },
      ),
      { numRuns: 30 },
    );
  });

  test('what a crash withdrew is not served for what the next generation wrote in its place', async () => {
    const host = createMemoryHost();
    const first = await open(host);
    await append(first, 10);
    const tornAt = endOf(first);
    // Two groups that were written and never flushed, of which the first was torn: both are withdrawn.
    for (const length of [300, 400]) {
      await first.append({ frames: frame('withdrawn ', length), durability: 'relaxed' });
    }
    first.abandon();
    const file = await (await host.root.directory('s', { create: false }))!.openFile('journal', {
      create: false,
    });
    file.write(new Uint8Array(100), { at: tornAt + 150 });
    file.close();
    for (let readsBefore = 0; readsBefore < 12; readsBefore++) {
      let reads = 0;
      let second: Promise<Store> | undefined;
      const write = async (): Promise<Store> => {
        const store = await open(host);
        await append(store, 3);
        return store;
      };
      const opening = meanwhile(host, async () => {
        if (reads++ === readsBefore) await (second ??= write());
      });
      const viewed = new ViewedStore(opening, 's', underWay);
      const lsns = await read(viewed);
      expect(lsns.length).toBeGreaterThanOrEqual(10);
      expect(lsns).toEqual(upTo(lsns.length));
      expect(await read(viewed)).toEqual(expect.arrayContaining(lsns));
      await (await second)?.close();
    }
  });

  test('damage that only looks so is not told as damage', async () => {
    const host = createMemoryHost();
    const store = await open(host);
    await append(store, 10);
    // Half of a batch is seen, and batches behind it: a write that was under way.
    const from = endOf(store);
    await append(store, 1, 2_000);
    const to = endOf(store);
    await append(store, 5);
    let reads = 0;
    const torn: ViewingHost = {
      ...host,
      async view(folder, file) {
        const view = (await host.view(folder, file))!;
        const read: FileView['read'] = async (at, length) => {
          const bytes = await view.read(at, length);
          if (reads++ < 6 && at + length > from) bytes.fill(0, from - at + 600, to - at);
          return bytes;
        };
        return { getSize: view.getSize, read };
      },
    };
    const viewed = new ViewedStore(torn, 's', underWay);
    expect((await read(viewed)).length).toBeGreaterThanOrEqual(11);
    await store.close();
  });
});

/** Byte in the file where the log ends now. */
function endOf(store: Store): number {
  const { endPoint, geometry, table } = store.journal!;
  return slotStart(geometry, table.get(endPoint.segment)!.header.slot) + endPoint.offset;
}

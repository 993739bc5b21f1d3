import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Log } from './api.ts';
import { bytesCodec } from './codec/index.ts';
import { openLog } from './node/index.ts';
import { ring } from './ring.ts';
import { checkOrder, expectOrder, LARGE_THEN_SMALL } from './test/append-order.ts';
import { collect, testEngine } from './test/harness.ts';

const options = { codec: bytesCodec, segmentSizeBytes: 256 * 1024 };
let directory: string;
let stores = 0;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'varve-order-'));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

describe('appends that nobody awaits', () => {
  test('a large one issued first comes first', async () => {
    const log = await testEngine().open<Uint8Array>('large-first', options);
    await expectOrder(log, LARGE_THEN_SMALL);
    await log.close();
  });

  test('in memory: whatever their size, they keep the order of their calls', async () => {
    await checkOrder(() => testEngine().open<Uint8Array>(`order-${stores++}`, options), 60);
  });

  test('in Node, engine in this thread: they keep the order of their calls', async () => {
    const open = (): Promise<Log<Uint8Array>> =>
      openLog(`order-${stores++}`, { ...options, directory, inline: true });
    await checkOrder(open, 10);
  });

  test('in Node, engine in a worker: they keep the order of their calls', async () => {
    const open = (): Promise<Log<Uint8Array>> =>
      openLog(`order-${stores++}`, { ...options, directory });
    await expectOrder(await open(), LARGE_THEN_SMALL);
    await checkOrder(open, 3);
  });

  test('in memory, by ring: whatever their size, they keep the order of their calls', async () => {
    const byRing = { ...options, transport: ring() };
    await checkOrder(() => testEngine().open<Uint8Array>(`order-${stores++}`, byRing), 60);
  });

  test('in Node, engine in a worker, by ring: they keep the order of their calls', async () => {
    const open = (): Promise<Log<Uint8Array>> =>
      openLog(`order-${stores++}`, { ...options, directory, transport: ring() });
    await expectOrder(await open(), LARGE_THEN_SMALL);
    await checkOrder(open, 3);
  });

  test('large ones that are refused are left out: those behind them are written', async () => {
    const log = await testEngine().open<Uint8Array>('refused', options);
    const sizes = [10, 3_000_000, 20, 2_000_000, 30];
    const results = await Promise.allSettled(
      sizes.map((size) => log.append(new Uint8Array(size), size > 1e6 ? { expect: 99 } : {})),
    );
    const refused = { status: 'rejected', reason: { code: 'CONFLICT', outcome: 'not-written' } };
    expect(results).toMatchObject([{ value: 1 }, refused, { value: 2 }, refused, { value: 3 }]);
    const left = (await collect(log.read())).map(({ value }) => value.length);
    expect(left).toEqual([10, 20, 30]);
    await log.close();
  });

  test('a large one that is aborted while it waits never happens; those behind it move up', async () => {
    const log = await testEngine().open<Uint8Array>('aborted', options);
    const abort = new AbortController();
    const results = Promise.allSettled([
      log.append(new Uint8Array(10)),
      log.append(new Uint8Array(3_000_000), { signal: abort.signal }),
      log.append(new Uint8Array(20)),
    ]);
    abort.abort();
    const aborted = { reason: { code: 'ABORTED', outcome: 'not-written' } };
    expect(await results).toMatchObject([{ value: 1 }, aborted, { value: 2 }]);
    await log.close();
  });
});

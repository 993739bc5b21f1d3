import { createMemoryHost } from '@varve/files/memory';
import { newRecordFrame, readRecordFrame, recordFrameBytes, VarveError, writeRecordFrame } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { openStore } from './open-store.ts';
import type { StoreOptions, StorePort } from './store-port.ts';

const SMALL: Partial<StoreOptions> = { segmentSizeBytes: 4_096, maxStateBytes: 1_024 };

function frame(text: string, length = text.length): Uint8Array {
  const payload = new Uint8Array(length);
  for (let i = 0; i < length; i++) payload[i] = text.charCodeAt(i % text.length);
  const bytes = new Uint8Array(recordFrameBytes(0, length));
  writeRecordFrame(bytes, 0, 64, 0, payload);
  return bytes;
}

function join(...parts: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function readAll(store: StorePort, reverse = false): { lsn: number; text: string }[] {
  const out: { lsn: number; text: string }[] = [];
  const f = newRecordFrame();
  let after = 0;
  let before: number | undefined;
  for (;;) {
    const chunk = store.readChunk({ after, maxBytes: 3_000, reverse, ...(before === undefined ? {} : { before }) });
    for (const run of chunk.runs) {
      const part: { lsn: number; text: string }[] = [];
      let at = run.start;
      for (let i = 0; i < run.count; i++) {
        at = readRecordFrame(chunk.bytes, at, run.end, f);
        const payload =
          (f.flags & 2) === 0
            ? chunk.bytes.slice(f.payloadStart, f.payloadEnd)
            : store.readUnit(run.firstLsn + i, 0, 1e9).bytes;
        part.push({ lsn: run.firstLsn + i, text: `${String.fromCharCode(...payload.slice(0, 8))}:${payload.length}` });
      }
      expect(at).toBe(run.end);
      out.push(...(reverse ? part.reverse() : part));
      if (reverse) before = run.firstLsn;
      else after = run.firstLsn + run.count - 1;
    }
    if (chunk.done) return out;
  }
}

describe('a store', () => {
  test('gives back what was appended, over many segments, in both directions, after a clean close', async () => {
    const host = createMemoryHost();
    let store = await openStore(host, 'a', SMALL);
    const expected: { lsn: number; text: string }[] = [];
    for (let i = 0; i < 300; i++) {
      const length = [20, 100, 700, 3_000, 9_000][i % 5]!;
      const { firstLsn } = await store.append({ frames: frame(`r${i}-`, length) });
      const text = `${`r${i}-`.repeat(8).slice(0, 8)}:${length}`;
      expected.push({ lsn: firstLsn, text });
    }
    expect(readAll(store)).toEqual(expected);
    expect(readAll(store, true)).toEqual([...expected].reverse());
    await store.close();
    store = await openStore(host, 'a', SMALL);
    expect(store.status().recovery.clean).toBe(true);
    expect(readAll(store)).toEqual(expected);
    await store.append({ frames: frame('last') });
    expect(readAll(store).at(-1)).toEqual({ lsn: 301, text: 'last:4' });
    await store.close();
  });

  test('abandoned mid-way it recovers everything acknowledged, again and again', async () => {
    const host = createMemoryHost();
    const expected: string[] = [];
    for (let round = 0; round < 20; round++) {
      const store = await openStore(host, 'a', SMALL);
      expect(readAll(store).map(({ text }) => text)).toEqual(expected);
      for (let i = 0; i < 7; i++) {
        const length = [20, 100, 700, 3_000, 9_000][(i + round) % 5]!;
        const name = `${round}.${i}-`;
        await store.append({ frames: frame(name, length) });
        expected.push(`${name.repeat(8).slice(0, 8)}:${length}`);
      }
      store.abandon();
    }
  });

  test('a batch larger than a segment is atomic and gets LSNs without a gap', async () => {
    const host = createMemoryHost();
    const store = await openStore(host, 'a', SMALL);
    await store.append({ frames: frame('before') });
    const frames = join(...Array.from({ length: 200 }, (_, i) => frame(`x${i}`, 90)));
    const { firstLsn, count } = await store.append({ frames });
    expect([firstLsn, count]).toEqual([2, 200]);
    await store.append({ frames: frame('after') });
    const all = readAll(store);
    expect(all.map(({ lsn }) => lsn)).toEqual(Array.from({ length: 202 }, (_, i) => i + 1));
    expect(all[1]!.text.slice(0, 2)).toBe('x0');
    expect(readAll(store, true)).toEqual([...all].reverse());
    store.abandon();
    const again = await openStore(host, 'a', SMALL);
    expect(readAll(again)).toEqual(all);
  });

  test('streams interleave with appends; an aborted one leaves nothing visible', async () => {
    const host = createMemoryHost();
    const store = await openStore(host, 'a', SMALL);
    const kept = store.openUnit();
    const dropped = store.openUnit();
    for (let i = 0; i < 10; i++) {
      await kept.write(new Uint8Array(1_500).fill(i));
      await dropped.write(new Uint8Array(900).fill(255));
      await store.append({ frames: frame(`i${i}`) });
    }
    dropped.abort();
    const lsn = await kept.commit({ type: 64, channel: 3 });
    expect(lsn).toBe(11);
    const { bytes, done } = store.readUnit(11, 0, 1e9);
    expect(done).toBe(true);
    expect(bytes.length).toBe(15_000);
    for (let i = 0; i < 10; i++) expect(bytes[i * 1_500 + 700]).toBe(i);
    expect(store.readUnit(11, 1_490, 20).bytes).toEqual(new Uint8Array([...Array(10).fill(0), ...Array(10).fill(1)]));
    store.abandon();
    const again = await openStore(host, 'a', SMALL);
    expect(readAll(again)).toHaveLength(11);
    expect(again.readUnit(11, 0, 1e9).bytes).toEqual(bytes);
  });

  test('a checkpoint lets history go, its state comes back, space is used again', async () => {
    const host = createMemoryHost();
    let store = await openStore(host, 'a', { ...SMALL, keep: 'checkpoint' });
    for (let round = 0; round < 30; round++) {
      for (let i = 0; i < 20; i++) await store.append({ frames: frame('payload', 200) });
      await store.checkpoint(new Uint8Array(900).fill(round), store.status().durableLsn - 3);
    }
    expect(store.status().segments.total).toBeLessThan(12);
    expect(readAll(store)).toHaveLength(3);
    store.abandon();
    store = await openStore(host, 'a', { ...SMALL, keep: 'checkpoint' });
    expect(store.readState()).toEqual({ state: new Uint8Array(900).fill(29), coveredLsn: 597 });
    expect(readAll(store).map(({ lsn }) => lsn)).toEqual([598, 599, 600]);
  });

  test('refuses what it must: conflict, trimmed history, a closed store', async () => {
    const host = createMemoryHost();
    const store = await openStore(host, 'a', { ...SMALL, keep: 'all' });
    await store.append({ frames: frame('one') });
    await expect(store.append({ frames: frame('x'), expect: 0 })).rejects.toMatchObject({ code: 'CONFLICT', outcome: 'not-written' });
    for (let i = 0; i < 50; i++) await store.append({ frames: frame('more', 500) });
    await store.trim(40);
    expect(() => store.readChunk({ after: 5, maxBytes: 1 })).toThrow(VarveError);
    expect(readAll(store)[0]!.lsn).toBe(40);
    await store.close();
    await expect(store.append({ frames: frame('x') })).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

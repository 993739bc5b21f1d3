import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { createMemoryHost } from '@varve/files/memory';
import { newRecordFrame, readRecordFrame } from '@varve/protocol';
import { describe, expect, test } from 'vitest';
import { importStore, openStore, SLOTS_START } from '../src/index.ts';
import { makeGolden } from './make.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const golden = (): Uint8Array => new Uint8Array(gunzipSync(readFileSync(path('./v1/store.varve.gz'))));

describe('format version 1', () => {
  test('the golden store reads as it did on the day it was written', async () => {
    const host = createMemoryHost();
    await importStore(host, 'g', [golden()]);
    const store = await openStore(host, 'g', { readOnly: true });
    expect(store.status()).toMatchObject({ lastLsn: 65, coveredLsn: 40, formatVersion: 1 });
    expect(store.readState()).toEqual({ state: new TextEncoder().encode('the state'), coveredLsn: 40 });
    const chunk = store.readChunk({ after: 0, maxBytes: 1 << 20 });
    expect(chunk.done).toBe(true);
    const frame = newRecordFrame();
    const lengths: [number, number, number][] = [];
    for (const run of chunk.runs) {
      for (let at = run.start, index = 0; index < run.count; index++) {
        at = readRecordFrame(chunk.bytes, at, run.end, frame);
        const lsn = run.firstLsn + index;
        const external = (frame.flags & 2) !== 0;
        const bytes = external ? store.readUnit(lsn, 0, 1 << 20).bytes.length : frame.payloadEnd - frame.payloadStart;
        lengths.push([frame.type, frame.channel, bytes]);
      }
    }
    const group = Array.from({ length: 60 }, () => [64, 0, 100]);
    expect(lengths).toEqual([[64, 0, 5], [65, 300, 5], [64, 0, 5_000], ...group, [64, 0, 6_000], [64, 0, 7]]);
  });

  test('the same calls still write the same bytes: a change of bytes is a change of version', async () => {
    const made = await makeGolden();
    const kept = golden();
    const differs = made.findIndex((byte, index) => byte !== kept[index]);
    expect({ length: made.length, differs }).toEqual({ length: kept.length, differs: -1 });
  });

  test('the worked example in docs/FORMAT.md is these bytes', () => {
    const document = readFileSync(path('../../../docs/FORMAT.md'), 'utf8');
    const lines = [...document.matchAll(/^([0-9a-f]{6}) {2}((?:[0-9a-f]{2} ?)+)/gm)];
    expect(lines.length).toBeGreaterThan(15);
    const bytes = golden();
    for (const [, at, hex] of lines) {
      const start = Number.parseInt(at!, 16);
      const expected = hex!.trim().split(' ').map((byte) => Number.parseInt(byte, 16));
      expect([at, [...bytes.subarray(start, start + expected.length)]]).toEqual([at, expected]);
    }
    expect(Number.parseInt(lines[0]![1]!, 16)).toBe(SLOTS_START);
  });
});

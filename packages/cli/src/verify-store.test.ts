import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SEGMENT_HEADER_BYTES, SUPERBLOCK_BYTES, SUPERBLOCK_PLACES } from '@varve/journal';
import { beginningOf, Blocks, Scanner, slotStart } from '@varve/journal/inspect';
import { StoreView } from './store-view.ts';
import { frame, LAST_LSN, makeStore, open } from './test-stores.ts';
import { type Verified, verifyStore } from './verify-store.ts';

let folder: string;
const image = (name: string): Uint8Array => fs.readFileSync(path.join(folder, name, 'journal'));

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'varve-verify-'));
  await makeStore(folder, 'closed');
  const crashed = await open(folder, 'crashed');
  for (let i = 0; i < 40; i++)
    await crashed.append({ frames: frame({ i, text: 'y'.repeat(i * 9) }) });
  crashed.abandon();
  const again = await open(folder, 'crashed');
  for (let i = 0; i < 9; i++) await again.append({ frames: frame(i) });
  again.abandon();
});

afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

async function withView<T>(
  bytes: Uint8Array,
  use: (view: StoreView) => T | Promise<T>,
): Promise<T> {
  const journalPath = path.join(folder, 'image');
  fs.writeFileSync(journalPath, bytes);
  const view = new StoreView({
    kind: 'export',
    name: 'image',
    journalPath,
    root: undefined,
    witness: undefined,
    inUse: false,
  });
  try {
    return await use(view);
  } finally {
    view.close();
  }
}

const verified = (bytes: Uint8Array): Promise<Verified> =>
  withView(bytes, (view) => verifyStore(view));

/** 1 for each byte of the file that counts, found by another walk than the verifier's. */
function countingBytes(view: StoreView): Uint8Array {
  const counts = new Uint8Array(view.file.realBytes);
  const { geometry } = view;
  for (const at of SUPERBLOCK_PLACES) counts.fill(1, at, at + SUPERBLOCK_BYTES);
  for (const { header } of view.table.live()) {
    const at = slotStart(geometry, header.slot);
    counts.fill(1, at, at + SEGMENT_HEADER_BYTES);
  }
  const scanner = new Scanner(
    view,
    new Blocks(view.file, geometry, 65_536),
    beginningOf(view.table.live()[0]!, geometry),
  );
  const { segment, offset, generation } = view.recovered!.end;
  const { point, header, batchPoint } = scanner;
  while (point.segment !== segment || point.offset !== offset || point.generation !== generation) {
    expect(scanner.next()).toBe(true);
    const { slot } = view.segment(batchPoint.segment)!.header;
    const at = slotStart(geometry, slot) + batchPoint.offset;
    counts.fill(1, at, at + header.headerBytes + header.bodyBytes);
  }
  return counts;
}

describe('verifying', () => {
  test('a store that was closed properly is sound', async () => {
    const result = await verified(image('closed'));
    expect(result).toMatchObject({
      findings: [],
      firstLsn: 1,
      lastLsn: LAST_LSN,
      records: LAST_LSN,
      units: 1,
    });
  });

  test('a store whose process died, and died again after recovering, is sound', async () => {
    expect(await verified(image('crashed'))).toMatchObject({
      findings: [],
      records: 49,
      lastLsn: 49,
    });
  });

  test(
    'a changed byte is found exactly if it counts, and its place is told',
    { timeout: 120_000 },
    async () => {
      const clean = image('closed');
      const counts = await withView(clean, countingBytes);
      const places = [...counts.keys()].filter(
        (at) => at % 23 === 0 || (at < 131_072 && at % 64 === 5 && counts[at] === 1),
      );
      let found = 0;
      for (const at of places.filter((place) => counts[place] === 1 || place % 7 === 0)) {
        const bytes = Uint8Array.from(clean);
        bytes[at]! ^= 1 << (at % 8);
        const { findings, records } = await verified(bytes);
        expect([at, findings.length > 0]).toEqual([at, counts[at] === 1]);
        if (findings.length === 0) continue;
        found++;
        const near = findings.some(
          ({ offset }) => offset !== null && offset <= at && at - offset < 2_000,
        );
        expect([at, near]).toEqual([at, true]);
        const lost = findings.reduce(
          (sum, { lsns }) => sum + (lsns ? lsns.to - lsns.from + 1 : 0),
          0,
        );
        expect(records + lost).toBeGreaterThanOrEqual(LAST_LSN);
        for (const { lsns } of findings) {
          if (lsns)
            expect(lsns.from >= 1 && lsns.to <= LAST_LSN && lsns.from <= lsns.to).toBe(true);
        }
      }
      expect(found).toBeGreaterThan(300);
    },
  );

  test('a file cut off anywhere is damaged, and the records that are left are counted', async () => {
    const clean = image('closed');
    for (let end = SUPERBLOCK_PLACES[1] + SUPERBLOCK_BYTES; end < clean.length; end += 3_001) {
      const { findings, records } = await verified(clean.subarray(0, end));
      expect(findings.some(({ what, offset }) => what === 'file' && offset === end)).toBe(true);
      expect(records).toBeLessThanOrEqual(LAST_LSN);
    }
  });

  test('two damaged batches are two findings with what lies between them intact', async () => {
    const clean = image('closed');
    const bytes = Uint8Array.from(clean);
    const starts = await withView(clean, (view) => {
      const { geometry } = view;
      const first = view.table.live()[0]!;
      const scanner = new Scanner(
        view,
        new Blocks(view.file, geometry, 65_536),
        beginningOf(first, geometry),
      );
      const found: number[] = [];
      while (found.length < 6 && scanner.next()) {
        if (scanner.bearsLsns && scanner.header.count > 0) {
          found.push(slotStart(geometry, first.header.slot) + scanner.batchPoint.offset);
        }
      }
      return found;
    });
    bytes[starts[1]! + 57]! ^= 1;
    bytes[starts[4]! + 57]! ^= 1;
    const { findings, records } = await verified(bytes);
    expect(findings.map(({ lsns, offset }) => ({ lsns, offset }))).toEqual([
      { lsns: { from: 2, to: 2 }, offset: starts[1] },
      { lsns: { from: 5, to: 5 }, offset: starts[4] },
    ]);
    expect(records).toBe(LAST_LSN - 2);
  });
});

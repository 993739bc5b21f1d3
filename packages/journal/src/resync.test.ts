/** What a crash withdrew still verifies where it stands: behind damage it must not come back. */
import { SimulatedDisk } from '@varve/files/simulated';
import { type BatchLayout, newRecordFrame, readRecordFrame } from '@varve/protocol';
import { expect, test } from 'vitest';
import { frame, shown } from '../conformance/records.ts';
import { SLOTS_START } from './format.ts';
import { batchesBeyond, resync } from './lookahead.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';
import type { Chunk } from './store-port.ts';

const FILE = 's/journal';
const OPTIONS = { segmentSizeBytes: 65_536, maxStateBytes: 1_024 } as const;

/**
 * `a` and `b` are flushed; of two relaxed records behind them power takes the first and leaves the second; then
 * three others get their LSNs. The withdrawn one stands before the place where generation 3 begins.
 */
async function withdrawn(): Promise<{ disk: SimulatedDisk; store: Store }> {
  const before = new SimulatedDisk({ seed: 3 });
  const first = await openStore(before.host(), 's', OPTIONS);
  await before.advanceAsync(61_000);
  await first.append({ frames: frame('a') });
  // A mark proves `a`, and the next flush covers it.
  await before.advanceAsync(10);
  await first.append({ frames: frame('b') });
  for (const [text, length] of [
    ['lost', 1_000],
    ['withdrawn', 600],
  ] as const) {
    await first.append({ frames: frame(text, length), durability: 'relaxed' });
  }
  // All but the first sector that was not flushed.
  const image = [...before.images({ subsets: { exhaustiveUpTo: 0, random: 0, pairs: 0 } })].find(
    ({ id }) => /:l\d+$/.test(id),
  );
  const disk = image!.disk();
  const store = await openStore(disk.host(), 's', OPTIONS);
  for (const text of ['B', 'C', 'D']) await store.append({ frames: frame(text) });
  return { disk, store };
}

function wipe(disk: SimulatedDisk, batches: readonly BatchLayout[]): void {
  for (const { offset, bytes } of batches) {
    disk.poke(FILE, new Uint8Array(bytes), SLOTS_START + offset);
  }
}

const WHOLE = [shown(1, 'a'), shown(2, 'b'), shown(3, 'B'), shown(4, 'C'), shown(5, 'D')];

function textsOf({ bytes, runs }: Chunk): string[] {
  const record = newRecordFrame();
  const texts: string[] = [];
  for (const { firstLsn, count, start, end } of runs) {
    let at = start;
    for (let lsn = firstLsn; lsn < firstLsn + count; lsn++) {
      at = readRecordFrame(bytes, at, end, record);
      const payload = bytes.subarray(record.payloadStart, record.payloadEnd);
      texts.push(`${lsn} ${String.fromCharCode(...payload.subarray(0, 8))} ${payload.length}`);
    }
  }
  return texts;
}

function salvaged(store: Store): string[] {
  return [...store.salvage()].flatMap((piece) =>
    'from' in piece ? [`missing ${piece.from}–${piece.to}`] : textsOf(piece),
  );
}

test('the power cut leaves a withdrawn record that verifies', async () => {
  const { store } = await withdrawn();
  const old = store.batches(0).filter(({ generation }) => generation === 2);
  expect(old.map(({ kind, firstLsn }) => `${kind} ${firstLsn}`)).toEqual([
    'control 1',
    'records 1',
    'mark 2',
    'records 2',
    'records 4',
  ]);
  expect(salvaged(store)).toEqual(WHOLE);
});

interface Wound {
  readonly what: string;
  readonly meant: (batch: BatchLayout) => boolean;
  readonly expected: readonly string[];
}

const WOUNDS: readonly Wound[] = [
  {
    what: 'the start record that passes it by',
    meant: ({ generation, kind }) => generation === 3 && kind === 'control',
    expected: WHOLE,
  },
  {
    what: 'what was flushed before it',
    meant: ({ generation, kind, firstLsn }) =>
      generation === 2 && kind !== 'control' && firstLsn <= 2,
    expected: ['missing 1–1', ...WHOLE.slice(1)],
  },
  {
    what: 'all that was written since',
    meant: ({ generation }) => generation === 3,
    expected: [shown(1, 'a'), shown(2, 'b'), 'missing 3–5'],
  },
];

test.each(WOUNDS)(
  'a record is withdrawn, and then $what is damaged: it is not served, what is missing is named',
  async ({ meant, expected }) => {
    for (const reopened of [false, true]) {
      const { disk, store } = await withdrawn();
      const hit = store.batches(0).filter(meant);
      let served = store;
      if (reopened) await store.close();
      wipe(disk, hit);
      if (reopened) served = await openStore(disk.host(), 's', { ...OPTIONS, readOnly: true });
      expect([reopened, ...salvaged(served)]).toEqual([reopened, ...expected]);
    }
  },
);

test('nobody can have withdrawn what the running store wrote: its last record is served behind damage', async () => {
  const disk = new SimulatedDisk({ seed: 4 });
  const store = await openStore(disk.host(), 's', OPTIONS);
  for (const text of ['a', 'b', 'c']) await store.append({ frames: frame(text) });
  const hit = store.batches(0).filter(({ kind, firstLsn }) => kind === 'records' && firstLsn === 2);
  wipe(disk, hit);
  expect(salvaged(store)).toEqual([shown(1, 'a'), 'missing 2–2', shown(3, 'c')]);
});

test('a batch without records is damaged: nothing is missing', async () => {
  const disk = new SimulatedDisk({ seed: 4 });
  const store = await openStore(disk.host(), 's', OPTIONS);
  await store.append({ frames: frame('a') });
  await disk.advanceAsync(10);
  await store.append({ frames: frame('b') });
  const marks = store.batches(0).filter(({ kind }) => kind === 'mark');
  expect(marks).toHaveLength(1);
  wipe(disk, marks);
  expect(salvaged(store)).toEqual([shown(1, 'a'), shown(2, 'b')]);
});

test('a window on older bytes shows the batch that was just found damaged: the way on is never back to it', async () => {
  const disk = new SimulatedDisk({ seed: 4 });
  const store = await openStore(disk.host(), 's', OPTIONS);
  for (const text of ['a', 'b', 'c']) await store.append({ frames: frame(text) });
  const places = store.batches(0).filter(({ kind }) => kind === 'records');
  const journal = store.journal!;
  const { blocks, generation } = journal;
  const points = [...batchesBeyond(journal, blocks, journal.segment(1)!, places[0]!.offset)].map(
    ({ point }) => point,
  );
  expect(points.map(({ offset }) => offset)).toEqual(places.map(({ offset }) => offset));
  const [, second, third] = points;
  expect(resync(journal, blocks, second!, 1)).toEqual(third);
  // Nor is it one that stands further on and is older.
  expect(resync(journal, blocks, { ...second!, lastLsn: 2 }, 1)).toEqual(third);
  expect(resync(journal, blocks, { ...second!, lastLsn: 3 }, 1)).toBeUndefined();
  expect(resync(journal, blocks, { ...second!, generation: generation + 1 }, 1)).toBeUndefined();
});

test('behind damage the last record of a generation counts, which only the next one’s beginning says it kept', async () => {
  const disk = new SimulatedDisk({ seed: 6 });
  const first = await openStore(disk.host(), 's', OPTIONS);
  for (const text of ['a', 'b', 'c']) await first.append({ frames: frame(text) });
  // At once: no mark proves `c`, and since the superblock does, nothing is written again.
  await first.close();
  const second = await openStore(disk.host(), 's', OPTIONS);
  await second.append({ frames: frame('d') });
  const [oldest] = second.batches(0).filter(({ kind }) => kind === 'records');
  await second.close();
  // `scanStart` is behind it: the damage is met by reading.
  wipe(disk, [oldest!]);
  const store = await openStore(disk.host(), 's', OPTIONS);
  expect(salvaged(store)).toEqual(['missing 1–1', shown(2, 'b'), shown(3, 'c'), shown(4, 'd')]);
});

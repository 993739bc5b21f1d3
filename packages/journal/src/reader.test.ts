/** Chunks: what is in them, into which buffer they are read, and how often the file is. */
import { SimulatedDisk } from '@varve/files/simulated';
import { newRecordFrame, readRecordFrame } from '@varve/protocol';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { frame, join } from '../conformance/records.ts';
import { openStore } from './open-store.ts';
import type { Chunk } from './store-port.ts';
import type { Store } from './store.ts';
import { OpenUnit } from './unit.ts';
import type { UnitDescriptor } from './unit-descriptor.ts';

/** Groups in the smaller one have fragments of 4 KiB: several between two places of the index. */
const SEGMENTS = [16_384, 262_144] as const;

const textOf = (lsn: number): string => `record ${lsn} `;

async function filled(
  groups: readonly (readonly number[])[],
  segmentSizeBytes: number = SEGMENTS[1],
): Promise<Store> {
  const store = await openStore(new SimulatedDisk({ seed: 1 }).host(), 's', {
    segmentSizeBytes,
    maxStateBytes: 1_024,
  });
  let lsn = 0;
  for (const lengths of groups) {
    await store.append({ frames: join(lengths.map((length) => frame(textOf(++lsn), length))) });
  }
  return store;
}

/** The LSNs of a chunk; each record must be what `filled` made of it. */
function lsnsOf({ bytes, runs }: Chunk, lengths: readonly number[]): number[] {
  const into = newRecordFrame();
  const lsns: number[] = [];
  for (const { firstLsn, count, start, end } of runs) {
    let at = start;
    for (let lsn = firstLsn; lsn < firstLsn + count; lsn++) {
      const next = readRecordFrame(bytes, at, end, into);
      const expected = frame(textOf(lsn), lengths[lsn - 1]);
      expect(Buffer.compare(bytes.subarray(at, next), expected)).toBe(0);
      at = next;
      lsns.push(lsn);
    }
    expect(at).toBe(end);
  }
  return lsns;
}

const manyRecords = (count: number, length: number): number[] =>
  Array.from({ length: count }, () => length);

const anyGroup = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 5 }),
  fc
    .record({
      count: fc.integer({ min: 20, max: 300 }),
      length: fc.integer({ min: 300, max: 4_000 }),
    })
    .map(({ count, length }) => manyRecords(count, length)),
);

test('groups of any size, read in chunks of any size from anywhere into any buffer, come whole and in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyGroup, { minLength: 1, maxLength: 8 }),
      fc.array(
        fc.record({
          from: fc.double({ min: 0, max: 1, noNaN: true }),
          to: fc.double({ min: 0, max: 1, noNaN: true }),
          sizes: fc.array(fc.constantFrom(1, 4_000, 70_000, 150_000, 1_000_000), {
            minLength: 1,
            maxLength: 3,
          }),
          givesBack: fc.boolean(),
          turns: fc.constantFrom(1, 3, Infinity),
        }),
        { minLength: 1, maxLength: 6 },
      ),
      fc.constantFrom(...SEGMENTS),
      async (groups, passes, segmentSizeBytes) => {
        const lengths = groups.flat();
        const store = await filled(groups, segmentSizeBytes);
        for (const { from, to, sizes, givesBack, turns } of passes) {
          const first = Math.floor(from * lengths.length);
          const before = first + 1 + Math.ceil(to * (lengths.length - first));
          const lsns: number[] = [];
          let chunk: Chunk | undefined;
          let done = first + 1 >= before;
          for (let turn = 0; !done && turn < turns; turn++) {
            const after = lsns.at(-1) ?? first;
            const maxBytes = sizes[turn % sizes.length]!;
            const reuse = givesBack && chunk !== undefined && { reuse: chunk.bytes.buffer };
            chunk = store.readChunk({ after, before, maxBytes, ...reuse });
            lsns.push(...lsnsOf(chunk, lengths));
            ({ done } = chunk);
            expect(done || chunk.runs.length > 0).toBe(true);
          }
          const count = done ? Math.max(0, before - 1 - first) : lsns.length;
          expect(lsns).toEqual(Array.from({ length: count }, (_, i) => first + 1 + i));
        }
        await store.close();
      },
    ),
    { numRuns: 60 },
  );
});

/** Bytes read from the file by one pass over everything, and how many are stored. */
async function passOver(
  groups: readonly (readonly number[])[],
  maxBytes: number,
): Promise<{ readBytes: number; storedBytes: number; chunks: number }> {
  const store = await filled(groups);
  const file = store.journal!.journalFile;
  const read = vi.spyOn(file, 'read');
  let after = 0;
  let chunks = 0;
  for (let done = false; !done; chunks++) {
    const chunk = store.readChunk({ after, maxBytes });
    const run = chunk.runs.at(-1)!;
    after = run.firstLsn + run.count - 1;
    ({ done } = chunk);
  }
  const readBytes = read.mock.calls.reduce((sum, [buffer]) => sum + buffer.length, 0);
  const storedBytes = groups.flat().reduce((sum, length) => sum + length, 0);
  await store.close();
  return { readBytes, storedBytes, chunks };
}

test('groups that fit into a chunk are read from the file once', async () => {
  const groups = Array.from({ length: 8 }, () => manyRecords(400, 1_000));
  const { readBytes, storedBytes } = await passOver(groups, 600_000);
  expect(readBytes / storedBytes).toBeLessThan(1.6);
});

test('a group that many chunks cut is not read again from its beginning for each', async () => {
  const short = await passOver([manyRecords(500, 4_000)], 70_000);
  const long = await passOver([manyRecords(2_000, 4_000)], 70_000);
  expect(long.chunks).toBeGreaterThan(50);
  expect(long.readBytes / long.storedBytes).toBeLessThan(
    1.2 * (short.readBytes / short.storedBytes),
  );
});

test('a chunk stays as it was read, whatever is read after it', async () => {
  const groups = Array.from({ length: 6 }, () => manyRecords(250, 1_000));
  const store = await filled(groups);
  const chunks: Chunk[] = [];
  for (let after = 0, done = false; !done;) {
    const chunk = store.readChunk({ after, maxBytes: 300_000 });
    chunks.push(chunk);
    const run = chunk.runs.at(-1)!;
    after = run.firstLsn + run.count - 1;
    ({ done } = chunk);
  }
  expect(chunks.length).toBeGreaterThan(3);
  expect(chunks.flatMap((chunk) => lsnsOf(chunk, groups.flat()))).toHaveLength(1_500);
});

test('a buffer that is given back is used again, one that is too small or gone is not', async () => {
  const store = await filled([manyRecords(250, 1_000)]);
  const request = { after: 0, maxBytes: 300_000 };
  const { buffer } = store.readChunk(request).bytes;
  expect(store.readChunk({ ...request, reuse: buffer }).bytes.buffer).toBe(buffer);
  const small = new ArrayBuffer(100);
  expect(store.readChunk({ ...request, reuse: small }).bytes.buffer).not.toBe(small);
  const gone = new ArrayBuffer(1 << 20);
  structuredClone(gone, { transfer: [gone] });
  expect(
    lsnsOf(store.readChunk({ ...request, reuse: gone }), manyRecords(250, 1_000)),
  ).toHaveLength(250);
});

test.each<[string, (unit: UnitDescriptor) => Partial<UnitDescriptor>]>([
  ['another digest', ({ digest }) => ({ digest: digest ^ 1 })],
  ['one fragment more', ({ fragments }) => ({ fragments: fragments + 1 })],
  ['one fragment less', ({ fragments }) => ({ fragments: fragments - 1 })],
  ['another unit', ({ unitId }) => ({ unitId: unitId + 1 })],
  ['a later beginning', ({ firstOffset }) => ({ firstOffset: firstOffset + 16 })],
])('a group whose end names %s is refused, though all of it verifies', async (_, change) => {
  const store = await filled([[10]]);
  const { journal } = store;
  const unit = new OpenUnit(journal!, 1_000_000);
  for (let index = 0; index < 3; index++) {
    const bytes = frame('piece', 1_000);
    unit.writeFragment(bytes, 0, bytes.length, 1);
  }
  const end = frame('end', 100);
  const descriptor = unit.finish(end.length);
  journal!.tail.addUnitEnd({ ...descriptor, ...change(descriptor) }, end, 0, end.length, 4);
  unit.close();
  journal!.flush();
  expect(store.readChunk({ after: 0, maxBytes: 300_000 }).runs).toMatchObject([{ count: 1 }]);
  expect(() => store.readChunk({ after: 1, maxBytes: 300_000 })).toThrow(
    expect.objectContaining({
      code: 'CORRUPT',
      facts: expect.objectContaining({ from: 2, to: 5 }),
    }),
  );
});

test('a reader that comes into a group behind where another was cut misses nothing', async () => {
  const lengths = manyRecords(500, 1_000);
  const store = await filled([lengths]);
  const behind = store.readChunk({ after: 0, maxBytes: 200_000 });
  expect(lsnsOf(behind, lengths).length).toBeLessThan(400);
  expect(lsnsOf(store.readChunk({ after: 9, maxBytes: 4_000 }), lengths)[0]).toBe(10);
  expect(lsnsOf(store.readChunk({ after: 450, maxBytes: 4_000 }), lengths)[0]).toBe(451);
});

test('records that stand between the fragments of a group do not end up in it', async () => {
  const lengths = [10, 20, 30, 1_000, 1_000];
  const store = await filled([[10]]);
  const { journal } = store;
  const frames = lengths.map((length, index) => frame(textOf(index + 1), length));
  const unit = new OpenUnit(journal!, 1_000_000);
  unit.writeFragment(frames[3]!, 0, frames[3]!.length, 1);
  const between = join(frames.slice(1, 3));
  journal!.tail.addRecords(between, 0, between.length, 2);
  const end = frames[4]!;
  journal!.tail.addUnitEnd(unit.finish(end.length), end, 0, end.length, 2);
  unit.close();
  journal!.flush();
  for (const after of [0, 1, 2, 3, 4]) {
    const lsns = lsnsOf(store.readChunk({ after, maxBytes: 300_000 }), lengths);
    expect(lsns).toEqual([1, 2, 3, 4, 5].slice(after));
  }
});

test('a group whose end names its fragments is read', async () => {
  const store = await filled([manyRecords(3, 40_000)]);
  expect(lsnsOf(store.readChunk({ after: 0, maxBytes: 300_000 }), manyRecords(3, 40_000))).toEqual([
    1, 2, 3,
  ]);
});

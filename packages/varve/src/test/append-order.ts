/**
 * The order of appends, as a property that holds over any engine: memory, Node's files, OPFS.
 *
 * A plan of calls is issued without awaiting any. Whatever their sizes are, and whichever of them are
 * aborted, the log then holds them in the order of the calls.
 */
import fc from 'fast-check';
import { expect } from 'vitest';
import type { Log } from '../api.ts';
import { collect } from './harness.ts';

const KIB = 1024;

/** What one call asks for. `sizes` has one element but for batches. */
export interface PlannedCall {
  readonly kind: 'append' | 'batch' | 'tryAppend' | 'stream';
  readonly sizes: readonly number[];
  readonly durability: 'strict' | 'relaxed';
  readonly abort: 'never' | 'at-once' | 'next-turn' | 'later';
  /** Let what was issued so far be sent before this one is issued. */
  readonly pause: boolean;
}

interface IssuedCall extends PlannedCall {
  /** Number of its first record; records are numbered in the order of the calls. */
  readonly first: number;
  readonly settled: Promise<PromiseSettledResult<number>>;
}

/** A batch's body, a message, what staging holds at most, a segment: below, at and above. */
const THRESHOLDS_BYTES = [64, 256, 1024, 4096].map((kib) => kib * KIB);
const NEAR_THRESHOLD = [-17, -9, -1, 0, 1, 400_000];

const smallSize = fc.integer({ min: 5, max: 3000 });
const anySize = fc.oneof(
  { weight: 5, arbitrary: smallSize },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(...THRESHOLDS_BYTES), fc.constantFrom(...NEAR_THRESHOLD))
      .map(([threshold, more]) => threshold + more),
  },
);

const calls: fc.Arbitrary<PlannedCall[]> = fc.array(
  fc
    .record({
      kind: fc.constantFrom('append', 'append', 'append', 'batch', 'tryAppend', 'stream'),
      sizes: fc.oneof(
        { weight: 3, arbitrary: fc.tuple(anySize) },
        { weight: 1, arbitrary: fc.array(smallSize, { minLength: 2, maxLength: 9 }) },
      ),
      durability: fc.constantFrom('strict', 'strict', 'relaxed'),
      abort: fc.constantFrom('never', 'never', 'never', 'never', 'at-once', 'next-turn', 'later'),
      pause: fc.constantFrom(false, false, false, true),
    })
    .map((call) => (call.kind === 'batch' ? call : { ...call, sizes: call.sizes.slice(0, 1) })),
  { minLength: 2, maxLength: 24 },
);

/** A record that says which it is, at both ends. */
function record(number: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  new DataView(bytes.buffer).setUint32(0, number);
  bytes[size - 1] = number;
  return bytes;
}

function numberOf(bytes: Uint8Array): number {
  const number = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  expect(bytes.at(-1)).toBe(number & 255);
  return number;
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 300_000) yield bytes.subarray(at, at + 300_000);
}

const nextTask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

async function issue(log: Log<Uint8Array>, plan: readonly PlannedCall[]): Promise<IssuedCall[]> {
  const issued: IssuedCall[] = [];
  let next = 0;
  for (const call of plan) {
    if (call.pause) await nextTask();
    const { kind, sizes, durability, abort } = call;
    const first = next;
    const values = sizes.map((size) => record(next++, size));
    const controller = new AbortController();
    const options = { durability, ...(abort !== 'never' && { signal: controller.signal }) };
    const promise =
      kind === 'batch'
        ? log.appendBatch(values, options)
        : kind === 'stream'
          ? log.appendStream(inPieces(values[0]!), options)
          : kind === 'append'
            ? log.append(values[0]!, options)
            : // No room is no failure: then it was not issued at all.
              (log.tryAppend(values[0]!, options) ?? Promise.reject({ outcome: 'not-written' }));
    // A log of bytes has copied them by now.
    if (kind !== 'stream') for (const value of values) value.fill(0);
    issued.push({ ...call, first, settled: Promise.allSettled([promise]).then(([it]) => it!) });
    if (abort === 'at-once') controller.abort();
    if (abort === 'next-turn') queueMicrotask(() => queueMicrotask(() => controller.abort()));
    if (abort === 'later') setTimeout(() => controller.abort(), first % 7);
  }
  return issued;
}

/** Issues a plan into an empty log and judges what is there afterwards. */
export async function expectOrder(
  log: Log<Uint8Array>,
  plan: readonly PlannedCall[],
): Promise<void> {
  const issued = await issue(log, plan);
  const results = await Promise.all(issued.map(({ settled }) => settled));
  await log.flush();
  const found = (await collect(log.read())).map(({ value }) => numberOf(value));
  const streams = new Set(issued.flatMap((call) => (call.kind === 'stream' ? [call.first] : [])));
  const appended = found.filter((number) => !streams.has(number));
  expect(appended, 'in the order of the calls').toEqual(appended.toSorted((a, b) => a - b));
  expect(new Set(found).size, 'each at most once').toBe(found.length);
  issued.forEach(({ first, sizes, kind }, index) => {
    const result = results[index]!;
    const numbers = sizes.map((_, part) => first + part);
    const there = numbers.filter((number) => found.includes(number));
    if (result.status === 'fulfilled') {
      expect(found.slice(result.value - 1, result.value - 1 + sizes.length)).toEqual(numbers);
    } else if (result.reason.outcome === 'not-written') {
      expect(there, 'not written').toEqual([]);
    } else {
      expect(result.reason.outcome).toBe('unknown');
      expect([0, sizes.length], 'all or nothing').toContain(there.length);
    }
    if (kind !== 'stream' || there.length === 0) return;
    // Its end is known after it was called: it stands behind all that was called before.
    const before = found.slice(found.indexOf(first)).filter((number) => number < first);
    expect(
      before.filter((number) => !streams.has(number)),
      'called before the stream',
    ).toEqual([]);
  });
}

/** The property, over logs that `open` makes, each empty. */
export async function checkOrder(
  open: () => Promise<Log<Uint8Array>>,
  numRuns: number,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(calls, async (plan) => {
      const log = await open();
      try {
        await expectOrder(log, plan);
      } finally {
        await log.close();
      }
    }),
    { numRuns, endOnFailure: true },
  );
}

/** The shortest plan of them all: one above every threshold, then one below all of them. */
export const LARGE_THEN_SMALL: readonly PlannedCall[] = [3_000_000, 10].map((size) => ({
  kind: 'append',
  sizes: [size],
  durability: 'strict',
  abort: 'never',
  pause: false,
}));

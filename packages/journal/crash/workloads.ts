/**
 * Long workloads, drawn by fast-check: named operations, and the same with sizes of their own, which
 * lean to where sectors, batches and segments end.
 *
 * Always true: equal numbers give equal workloads.
 */
import fc from 'fast-check';
import { OPERATIONS } from './operations.ts';

const SECTOR_BYTES = 512;
const SEGMENT_BYTES = 4_096;
/** What frames, headers and the footer take of a segment, more or less. */
const AROUND_BYTES = 160;

const near = (boundary: number): fc.Arbitrary<number> =>
  fc.integer({ min: Math.max(0, boundary - AROUND_BYTES), max: boundary + AROUND_BYTES });

const recordBytes = fc.oneof(
  fc.integer({ min: 0, max: 96 }),
  fc.integer({ min: 1, max: 3 }).chain((sectors) => near(sectors * SECTOR_BYTES)),
  fc.integer({ min: 1, max: 2 }).chain((segments) => near(segments * SEGMENT_BYTES)),
  fc.integer({ min: 0, max: 9_000 }),
);
/** Groups that are appended at once, each of some records: `40-300~7`. */
const groups = fc
  .array(
    fc.array(recordBytes, { minLength: 1, maxLength: 5 }).map((records) => records.join('-')),
    { minLength: 1, maxLength: 4 },
  )
  .map((all) => all.join('~'));
const pieces = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 2_600 }))
  .map((pair) => pair.join('-'));
const stateBytes = fc.oneof(
  fc.integer({ min: 0, max: 700 }),
  near(SEGMENT_BYTES),
  fc.integer({ min: 0, max: 6_000 }),
);

const shaped = fc.oneof(
  { weight: 4, arbitrary: groups.map((text) => `append~${text}`) },
  { weight: 2, arbitrary: groups.map((text) => `relaxed~${text}`) },
  { weight: 1, arbitrary: pieces.map((text) => `stream~${text}`) },
  { weight: 1, arbitrary: pieces.map((text) => `aborted~${text}`) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(stateBytes, fc.integer({ min: 0, max: 6 }))
      .map((pair) => `checkpoint~${pair.join('-')}`),
  },
  { weight: 1, arbitrary: fc.integer({ min: -1, max: 8 }).map((behind) => `trim~${behind + 1}`) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2_000 }).map((ms) => `idle~${ms}`) },
);

const operation = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom(...Object.keys(OPERATIONS)) },
  { weight: 20, arbitrary: shaped },
  // Nothing else shows that what is relaxed is flushed in time.
  { weight: 2, arbitrary: fc.constant('relaxedWait') },
);

/** Sequences of 3 to 10 operations. */
export const workloadArbitrary: fc.Arbitrary<string[]> = fc.array(operation, {
  minLength: 3,
  maxLength: 10,
  size: 'max',
});

/** The workload of this number. */
export function drawWorkload(number: number): readonly string[] {
  const [workload] = fc.sample(workloadArbitrary, { seed: number, numRuns: 1 });
  return workload!;
}

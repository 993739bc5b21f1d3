/** Workloads of any sizes, drawn and made smaller by fast-check, under the lane's own oracle. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALL_PROFILES, caseOf, type LaneCase } from './cases.ts';
import { parseReplayId, replayId, spellOut } from './image-id.ts';
import { LIMITS, runCase } from './lane.ts';
import { OPERATIONS, operationOf } from './operations.ts';
import { lineOf } from './slice.ts';
import { newTally } from './tally.ts';
import { drawWorkload, workloadArbitrary } from './workloads.ts';

const SEED = 20_261_121;
/** Cases of the lane that are random and long, with the profile's faults. */
const LONG = [5, 13, 21, 29, 37, 45, 53, 61];

const drawnCase = fc
  .record({
    workload: workloadArbitrary,
    profile: fc.constantFrom(...ALL_PROFILES),
    number: fc.constantFrom(...LONG),
    faultBeginsAt: fc.nat({ max: 9 }),
    lasts: fc.integer({ min: 1, max: 9 }),
  })
  .map(({ workload, profile, number, faultBeginsAt, lasts }): LaneCase => {
    const ends = faultBeginsAt + lasts;
    return spellOut(caseOf(SEED, number, profile), workload, faultBeginsAt, ends);
  });

describe('long workloads', () => {
  test('no workload of any sizes violates anything', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(drawnCase, async (lane) => {
        const tally = newTally();
        await runCase(lane, { ...LIMITS, images: 60 }, tally);
        expect(tally.violations.map(lineOf)).toEqual([]);
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  test('one that fails is made small', { timeout: 120_000 }, async () => {
    const lying = drawnCase.map((lane): LaneCase => ({
      ...lane,
      profile: 'lying-flush',
      fault: undefined,
      options: { segmentSizeBytes: 4_096, maxStateBytes: 6_000 },
    }));
    const { failed, counterexample } = await fc.check(
      fc.asyncProperty(lying, async (lane) => {
        const tally = newTally();
        const limits = { ...LIMITS, images: 200, asksTooMuch: true, woundEvery: Infinity };
        await runCase(lane, limits, tally);
        return tally.violations.length === 0;
      }),
      { seed: SEED, numRuns: 20, interruptAfterTimeLimit: 60_000 },
    );
    expect(failed).toBe(true);
    expect(counterexample![0].workload).toHaveLength(3);
  });

  test('most are different, and each is always the same', () => {
    const all = Array.from({ length: 500 }, (_, number) => drawWorkload(number).join());
    expect(new Set(all).size).toBeGreaterThan(490);
    expect(drawWorkload(77)).toEqual(drawWorkload(77));
    const kinds = new Set(
      all
        .join()
        .split(',')
        .map((name) => name.split('~')[0]),
    );
    for (const kind of ['append', 'relaxed', 'stream', 'aborted', 'checkpoint', 'trim', 'idle'])
      expect(kinds).toContain(kind);
    for (const name of Object.keys(OPERATIONS)) expect(kinds).toContain(name);
  });

  test('an id may spell operations with sizes', () => {
    const lane = spellOut(caseOf(SEED, 5, 'power'), ['append~40-300~7', 'small'], 0, 1);
    const id = replayId(lane, [{ image: '12:x3' }]);
    expect(parseReplayId(id).lane.workload).toEqual(lane.workload);
  });

  test.each(['nothing', 'append', 'append~', 'append~x', 'small~1~y'])(
    'what is no operation is refused: %s',
    (spelled) => {
      expect(() => operationOf(spelled)).toThrow(/no operation/);
    },
  );
});

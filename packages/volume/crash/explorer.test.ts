/** Every crash of short workloads, under every profile; `npm run crash -- --subject volume` for a long run. */
import { describe, expect, test } from 'vitest';
import { caseOf } from './cases.ts';
import { CaseRun, LIMITS } from './explorer.ts';
import { PLACES } from './places.ts';
import { ALL_PROFILES } from './promises.ts';
import { replayVolume, runVolumeSlice } from './slice.ts';
import { newVolumeTally, type VolumeFailure } from './tally.ts';

const SEED = 20_261_121;

test(
  'a crash at any operation leaves everything acknowledged, whole, and a clean check',
  { timeout: 3_600_000 },
  async () => {
    const tally = await runVolumeSlice({ seed: SEED, from: 0, to: 64, profiles: ALL_PROFILES });
    expect(tally.violations).toEqual([]);
    expect(tally.images).toBeGreaterThan(4_000);
    const met = new Set(Object.values(tally.profiles).flatMap(({ places }) => Object.keys(places)));
    expect(met).toEqual(new Set(PLACES));
  },
);

describe('the table of promises', () => {
  /** Asked for what `tab-kill` promises. */
  const violationsOf = async (
    profile: (typeof ALL_PROFILES)[number],
    cases: number,
    isPadded: boolean,
  ): Promise<readonly VolumeFailure[]> => {
    const tally = newVolumeTally();
    const limits = { ...LIMITS, violations: 1, asksTooMuch: true };
    for (let number = 0; number < cases && tally.violations.length === 0; number++) {
      const lane = caseOf(SEED, number, profile);
      if (lane.isPadded === isPadded) await new CaseRun(lane, limits, tally).start();
    }
    return tally.violations;
  };

  test.each([
    ['power-no-psow', 'a write may take its neighbour along'],
    ['lying-flush', 'nothing was ever flushed'],
    ['fsync-fail-late', 'the flush before had lied'],
  ] as const)(
    '%s promises less than tab-kill: %s',
    { timeout: 1_800_000 },
    async (profile, _because) => {
      const [violation] = await violationsOf(profile, 120, false);
      expect(violation?.id).toContain(profile);
    },
  );

  test.each([
    ['power-no-psow', true],
    ['tab-kill', false],
    ['os', false],
    ['power', false],
  ] as const)(
    '%s keeps the strongest promise (padded: %s)',
    { timeout: 1_800_000 },
    async (profile, isPadded) => {
      expect(await violationsOf(profile, 6, isPadded)).toEqual([]);
    },
  );
});

describe('ids', () => {
  test('an id replays its image alone, in whatever life it stands', async () => {
    const limits = { ...LIMITS, violations: 3, asksTooMuch: true };
    const tally = newVolumeTally();
    for (let number = 0; tally.violations.length < 3; number++) {
      await new CaseRun(caseOf(SEED, number, 'lying-flush'), limits, tally).start();
    }
    for (const { id, reason } of tally.violations) {
      const again = await replayVolume(id, limits);
      expect(again.violations.map((violation) => violation.reason)).toEqual([reason]);
    }
  });

  test.each([
    '',
    'volume:1.2',
    'volume:1.2.power',
    'volume:1.2.nothing.3:x0',
    'volume:a.2.power.3',
  ])('what is no id is refused: %s', async (id) => {
    await expect(replayVolume(id)).rejects.toThrow(/no image/);
  });
});

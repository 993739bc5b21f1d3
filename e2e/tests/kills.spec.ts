/**
 * Kills in the middle of a storm, and what is there afterwards.
 *
 * Each run takes a seed of its own and prints it; VARVE_SEED plays one again, as does the line that
 * a failure prints.
 */
import { type BrowserName, HAS_PROC } from '@varve/crashkit/playwright';
import { replayLine } from '../crash/lanes/browser.ts';
import { CONTROLS } from '../broken/controls.ts';
import { pathOf } from '../harness/browsers.ts';
import { runCampaign, shows, type CampaignOptions, type KillOutcome } from '../harness/campaign.ts';
import { KILLS_IN_LANE, KINDS } from '../harness/plan.ts';
import { rowsOf, tableOf } from '../harness/report.ts';
import { expect, test } from '../harness/served.ts';
import { Stage } from '../harness/stage.ts';

const KILLS = Number(process.env['VARVE_KILLS'] ?? KILLS_IN_LANE);
/** Set by the config, so that all of Playwright's processes have the same. */
const seed = Number(process.env['VARVE_SEED']);
// Which process is a tab's is only known where there is a /proc.
const kinds = KINDS.filter((kind) => HAS_PROC || (kind !== 'renderer' && kind !== 'recovery'));

async function kills(
  stage: Stage,
  options: Partial<CampaignOptions> = {},
): Promise<readonly KillOutcome[]> {
  const { server, launch } = stage;
  const common = { seed, kinds, kills: KILLS, server, launch, subject: 'varve' };
  const { browser, outcomes } = await runCampaign({ ...common, ...options });
  console.log(`${browser}, seed ${seed}\n${tableOf(rowsOf(outcomes))}`);
  return outcomes;
}

const failuresOf = (
  outcomes: readonly KillOutcome[],
  browser: BrowserName = 'chromium',
): string[] =>
  outcomes.flatMap(({ number, kind, failures }) =>
    failures.length === 0
      ? []
      : [
          `kill ${number} (${kind}): ${failures.join('; ')}\n  again: ` +
            replayLine({ seed, browser, kinds, subject: 'varve' }, number),
        ],
  );

test(`${KILLS} kills of worker, tab, renderer and browser lose nothing acknowledged`, async () => {
  test.setTimeout(KILLS * 20_000);
  const stage = await Stage.set();
  try {
    const outcomes = await kills(stage);
    expect(failuresOf(outcomes), `seed ${seed}`).toEqual([]);
    const all = rowsOf(outcomes).at(-1)!;
    expect(all.kills).toBe(KILLS);
    // A lane that kills idle tabs proves nothing.
    expect(all.inFlight / all.kills).toBeGreaterThanOrEqual(0.3);
    expect(all.tornOrParked / all.kills).toBeGreaterThanOrEqual(0.1);
    expect(all.acknowledged).toBeGreaterThan(0);
    // Three stores of five have small segments: kills must hit slots that are used again.
    if (KILLS >= KILLS_IN_LANE) {
      expect(Math.min(all.checkpoints, all.trims, all.recycled)).toBeGreaterThan(0);
    }
  } finally {
    await stage.strike();
  }
});

test('on a cross-origin isolated page, small appends by ring, too', async () => {
  const stage = await Stage.set({ isolated: true });
  try {
    expect(failuresOf(await kills(stage, { kills: kinds.length }))).toEqual([]);
  } finally {
    await stage.strike();
  }
});

test('in Firefox too', async () => {
  test.skip((await pathOf('firefox')) === undefined, 'no Firefox on this machine');
  const stage = await Stage.set({ browser: 'firefox' });
  try {
    expect(failuresOf(await kills(stage, { kills: kinds.length }), 'firefox')).toEqual([]);
  } finally {
    await stage.strike();
  }
});

// The same plan and the same number of kills as the lane itself: what it misses here, it would miss.
for (const broken of CONTROLS.filter(({ takesLuck }) => takesLuck !== true)) {
  test(`${broken.what} is caught by the lane as it is`, async () => {
    test.setTimeout(KILLS * 20_000);
    const stage = await Stage.set({ plugins: broken.plugins });
    try {
      const outcomes = await kills(stage, { broken: broken.name, stopAt: broken.shows });
      const caught = outcomes.some((outcome) => shows(outcome, broken.shows));
      expect(caught, `seed ${seed}: ${failuresOf(outcomes)}`).toBe(true);
    } finally {
      await stage.strike();
    }
  });
}

test('a raw log that never flushes loses nothing: kills cannot show a missing flush', async () => {
  const stage = await Stage.set({ pages: ['raw'] });
  try {
    const raw = {
      subject: 'raw',
      broken: 'never-flush',
      kills: 6,
      kinds: ['close', 'browser'] as const,
    };
    expect(failuresOf(await kills(stage, raw))).toEqual([]);
  } finally {
    await stage.strike();
  }
});

/**
 * Leaders of several tabs that die while all of them append: nothing is lost, nothing is twice.
 *
 * VARVE_SEED plays a run again, as does the line that a failure prints.
 */
import { type BrowserName, HAS_PROC } from '@varve/crashkit/playwright';
import { FAILOVER_CONTROLS } from '../broken/failover-controls.ts';
import { FIREFOX_DEATHS, failoverReplay } from '../crash/lanes/failovers.ts';
import { pathOf } from '../harness/browsers.ts';
import {
  type FailoverCampaignOptions,
  type FailoverOutcome,
  runFailovers,
} from '../harness/failover-campaign.ts';
import { DEATHS, type Death } from '../harness/failover-plan.ts';
import { failoverRowsOf, failoverTableOf, failoverTotalsOf } from '../harness/failover-report.ts';
import { expect, test } from '../harness/served.ts';
import { Stage } from '../harness/stage.ts';

const FAILOVERS = 20;
const PORT_FAILOVERS = 8;
/** A machine with other work takes its time. */
test.describe.configure({ timeout: FAILOVERS * 20_000 });
/** Set by the config, so that all of Playwright's processes have the same. */
const seed = Number(process.env['VARVE_SEED']);
// Which process is a tab's is only known where there is a /proc.
const kinds = DEATHS.filter((kind) => HAS_PROC || kind !== 'renderer');

async function failovers(
  stage: Stage,
  options: Partial<FailoverCampaignOptions> = {},
): Promise<readonly FailoverOutcome[]> {
  const { server, launch } = stage;
  const common = { seed, kinds, failovers: FAILOVERS, server, launch };
  const { browser, outcomes } = await runFailovers({
    ...common,
    ballastBytes: 0,
    ownProcesses: true,
    ...options,
  });
  console.log(`${browser}, seed ${seed}\n${failoverTableOf(outcomes)}`);
  return outcomes;
}

const failuresOf = (
  outcomes: readonly FailoverOutcome[],
  browser: BrowserName = 'chromium',
  those: readonly Death[] = kinds,
): string[] =>
  outcomes.flatMap(({ number, kind, failures }) =>
    failures.length === 0
      ? []
      : [
          `death ${number} (${kind}): ${failures.join('; ')}\n  again: ` +
            failoverReplay({ seed, browser, kinds: those }, number),
        ],
  );

test(`${FAILOVERS} deaths of a leader lose nothing and repeat nothing`, async () => {
  const stage = await Stage.set({ pages: ['tabs'] });
  try {
    const outcomes = await failovers(stage);
    expect(failuresOf(outcomes), `seed ${seed}`).toEqual([]);
    const all = failoverRowsOf(outcomes).at(-1)!;
    expect(all.deaths).toBe(FAILOVERS);
    // A lane that kills idle leaders proves nothing.
    expect(all.inFlight / all.deaths).toBeGreaterThanOrEqual(0.8);
    expect(all.atPoint).toBeGreaterThan(0);
    expect(failoverTotalsOf(outcomes)).toMatchObject({ stores: 2, lost: 0, twice: 0 });
  } finally {
    await stage.strike();
  }
});

test(`${PORT_FAILOVERS} deaths of a leader whose links go by port do neither`, async () => {
  const stage = await Stage.set({ pages: ['tabs'] });
  try {
    const outcomes = await failovers(stage, { ports: true, failovers: PORT_FAILOVERS });
    expect(failuresOf(outcomes), `seed ${seed}`).toEqual([]);
    expect(failoverTotalsOf(outcomes)).toMatchObject({ stores: 1, lost: 0, twice: 0 });
  } finally {
    await stage.strike();
  }
});

test('in Firefox too', async () => {
  test.skip((await pathOf('firefox')) === undefined, 'no Firefox on this machine');
  const stage = await Stage.set({ browser: 'firefox', pages: ['tabs'] });
  try {
    const options = { kinds: FIREFOX_DEATHS, failovers: 3, ownProcesses: false };
    const outcomes = await failovers(stage, options);
    expect(failuresOf(outcomes, 'firefox', FIREFOX_DEATHS)).toEqual([]);
  } finally {
    await stage.strike();
  }
});

for (const { name, what, plugins, shows, deaths, at, kinds: own } of FAILOVER_CONTROLS) {
  test(`${what} is caught`, async () => {
    const stage = await Stage.set({ pages: ['tabs'], plugins });
    try {
      const asked = { broken: name, kinds: own, failovers: deaths, at, stopAt: shows };
      const outcomes = await failovers(stage, asked);
      const caught = outcomes.some(({ failures }) => failures.some((each) => shows.test(each)));
      expect(caught, `seed ${seed}: ${failuresOf(outcomes)}`).toBe(true);
    } finally {
      await stage.strike();
    }
  });
}

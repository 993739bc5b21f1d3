/** Tabs that share a volume: whoever leads dies while all of them write, snapshot and read. */
import type { Page } from '@playwright/test';
import { Crash, HAS_PROC } from '@varve/crashkit/playwright';
import { volumeAckEarly } from '../broken/volume-ack-early.ts';
import { LANES } from '../app/volume-plan.ts';
import { pathOf } from '../harness/browsers.ts';
import { expect, Tabs, test } from '../harness/fixture.ts';
import { Stage, type StageOptions } from '../harness/stage.ts';

declare global {
  interface Window {
    toldLane(step: number, how: readonly string[]): Promise<void>;
  }
}

const NAME = 'shared';

/** One lane, through all the tabs that go on with it. */
class Lane {
  readonly number: number;
  told = -1;
  /** What calls said that did not succeed at once. */
  readonly errors: string[] = [];
  page!: Page;
  /** Rejects when the page says that something is not as it must be. */
  failed!: Promise<never>;
  #isGone = false;

  constructor(number: number) {
    this.number = number;
  }

  async enter(tabs: Tabs): Promise<void> {
    const page = await tabs.open();
    this.page = page;
    this.#isGone = false;
    await page.exposeFunction('toldLane', (step: number, how: readonly string[]) => {
      this.told = step;
      this.errors.push(...how);
    });
    const running = page.evaluate(
      ([name, lane, told]) => window.lab.lane.run(name, lane, told, window.toldLane),
      [NAME, this.number, this.told] as const,
    );
    this.failed = running.then(
      () => new Promise<never>(() => undefined),
      (error: unknown) => {
        if (!this.#isGone) throw error;
        return new Promise<never>(() => undefined);
      },
    );
    this.failed.catch(() => undefined);
  }

  /** What happens to its page from now on was meant. */
  leave(): Page {
    this.#isGone = true;
    return this.page;
  }

  /** Until so many more steps were told. */
  async goesOn(steps: number): Promise<void> {
    const from = this.told;
    const passed = expect
      .poll(() => this.told, { timeout: 60_000, message: `lane ${this.number} goes on` })
      .toBeGreaterThanOrEqual(from + steps);
    await Promise.race([passed, this.failed]);
  }

  async role(): Promise<string | undefined> {
    const status = await this.page.evaluate(() => window.lab.lane.status());
    return status?.role;
  }
}

/** All lanes, while one after the other of their leaders goes. */
async function lanesThrough(
  tabs: Tabs,
  deaths: readonly ((page: Page) => Promise<unknown>)[],
): Promise<readonly Lane[]> {
  const lanes = Array.from({ length: LANES }, (_, number) => new Lane(number));
  for (const lane of lanes) {
    await lane.enter(tabs);
    await lane.goesOn(2);
  }
  for (const die of deaths) {
    const roles = await Promise.all(lanes.map((lane) => lane.role()));
    expect([...roles].sort()).toEqual(['follower', 'follower', 'leader']);
    const leader = lanes[roles.indexOf('leader')]!;
    await die(leader.leave());
    await Promise.all(lanes.filter((lane) => lane !== leader).map((lane) => lane.goesOn(6)));
    await leader.enter(tabs);
    await leader.goesOn(3);
  }
  for (const lane of lanes) await lane.leave().close();
  return lanes;
}

async function judge(tabs: Tabs, lanes: readonly Lane[]): Promise<void> {
  const page = await tabs.open();
  for (const { number, told } of lanes) {
    const last = await page.evaluate(
      ([name, lane, after]) => window.lab.lane.lastOf(name, lane, after),
      [NAME, number, told] as const,
    );
    expect(last).toBeGreaterThanOrEqual(told);
  }
  expect(await page.evaluate((name) => window.lab.lane.findings(name), NAME)).toEqual([]);
  // Every call ended, and those that failed said so as they may.
  const allowed = new Set(['LEADER_LOST unknown']);
  expect(lanes.flatMap(({ errors }) => errors).filter((each) => !allowed.has(each))).toEqual([]);
}

test('the leader’s renderer is killed again and again: what was told is there, and the others go on', async ({
  tabs,
}) => {
  test.skip(!HAS_PROC, 'which process is a tab’s is only known on Linux');
  test.setTimeout(240_000);
  const kill = (page: Page): Promise<void> => tabs.kill(page, 'renderer');
  await judge(
    tabs,
    await lanesThrough(
      tabs,
      Array.from({ length: 4 }, () => kill),
    ),
  );
});

test('the leader’s tab is closed, or goes elsewhere: it hands the volume over', async ({
  tabs,
}) => {
  test.setTimeout(240_000);
  const lanes = await lanesThrough(tabs, [
    (page) => page.close(),
    (page) => page.goto(`${tabs.origin}/blank.html`),
    (page) => page.close({ runBeforeUnload: true }),
  ]);
  await judge(tabs, lanes);
});

/** On a stage of its own. */
async function onStage(options: StageOptions, run: (tabs: Tabs) => Promise<void>): Promise<void> {
  const stage = await Stage.set({ pages: ['lab'], killPoints: false, ...options });
  const crash = await Crash.start({ server: stage.server, launch: stage.launch });
  try {
    await run(new Tabs(crash));
  } finally {
    await crash.close();
    await stage.strike();
  }
}

test('in Firefox too', async () => {
  test.skip((await pathOf('firefox')) === undefined, 'no Firefox on this machine');
  test.setTimeout(240_000);
  await onStage({ browser: 'firefox' }, async (tabs) => {
    const lanes = await lanesThrough(tabs, [
      (page) => page.close(),
      (page) => page.goto(`${tabs.origin}/blank.html`),
    ]);
    await judge(tabs, lanes);
  });
});

test('a leader that acknowledges before it writes is caught', async () => {
  test.skip(!HAS_PROC, 'which process is a tab’s is only known on Linux');
  test.setTimeout(240_000);
  await onStage({ plugins: () => [volumeAckEarly()] }, async (tabs) => {
    const kill = (page: Page): Promise<void> => tabs.kill(page, 'renderer');
    const lanes = lanesThrough(tabs, [kill, kill, kill]);
    await expect(lanes.then((all) => judge(tabs, all))).rejects.toThrow(/lane \d after step/);
  });
});

/**
 * Four tabs of a log for each way, by port and by `BroadcastChannel`, in one run.
 *
 * Always true:
 * - what one tab does alone and what all do together are blocks next to each other, and so are the ways
 * - the tabs that do nothing are open all the while
 * - what a follower's append may cost more than the leader page's is measured by the bare way there
 */
import type { Page } from 'playwright-core';
import { median } from '../figures.ts';
import type { BarFigure } from '../report/bar-figures.ts';
import type { Block, Way } from './tab.ts';

const TABS = 4;
const WAYS: readonly Way[] = ['port', 'channel'];
const TITLES = { port: 'by port', channel: 'by BroadcastChannel' } as const;

export async function measureTabs(
  openTab: () => Promise<Page>,
  isQuick: boolean,
): Promise<BarFigure[]> {
  const run = Date.now().toString(36);
  const seat = (way: Way, number: number) => ({ name: `bench-tabs-${way}-${run}`, way, number });
  const tabs: Page[] = [];
  for (let number = 0; number < TABS; number++) tabs.push(await openTab());
  for (const way of WAYS) {
    for (const [number, page] of tabs.entries()) {
      const became = await page.evaluate((given) => bench.tab.open(given), seat(way, number));
      const wanted = number === 0 ? 'leader' : way;
      if (became !== wanted) throw new Error(`tab ${number}: ${became}, not ${wanted}`);
    }
    await Promise.all(
      tabs
        .slice(0, 2)
        .map((page, number) =>
          page.evaluate((given) => bench.tab.openEcho(given), seat(way, number)),
        ),
    );
  }
  const rounds = isQuick ? 5 : 15;
  const lastsMs = isQuick ? 400 : 1_000;
  try {
    return [
      ...(await rates(tabs, {
        rounds,
        lastsMs,
        batch: 1,
        calls: 1,
        work: '100 B appends, one at a time in each tab',
        atLeast: 1.5,
      })),
      ...(await rates(tabs, {
        rounds,
        lastsMs,
        batch: 1,
        calls: 16,
        work: '100 B appends, 16 under way in each tab',
        atLeast: 1.5,
      })),
      ...(await rates(tabs, {
        rounds,
        lastsMs,
        batch: 1_000,
        calls: 1,
        work: 'batches of 1,000 × 100 B, each awaited',
        atLeast: 1,
      })),
      ...(await singles(tabs, rounds, isQuick ? 100 : 300)),
    ];
  } finally {
    // The leader last: nobody has to take over.
    for (const [index, page] of [...tabs.entries()].reverse()) {
      await page.evaluate((isLast) => bench.tab.close(isLast), index === 0);
      await page.close();
    }
  }
}

interface Rates {
  readonly rounds: number;
  readonly lastsMs: number;
  readonly batch: number;
  readonly calls: number;
  readonly work: string;
  readonly atLeast: number;
}

async function rates(tabs: readonly Page[], asked: Rates): Promise<BarFigure[]> {
  const { rounds, lastsMs, batch, calls } = asked;
  const measured = { port: newRates(), channel: newRates() };
  // The first round only warms up.
  for (let round = 0; round <= rounds; round++) {
    for (const way of WAYS) {
      const [one] = await block(tabs.slice(0, 1), way, { lastsMs, batch, calls });
      const all = await block(tabs, way, { lastsMs, batch, calls });
      if (round === 0) continue;
      const { alone, together, fairness } = measured[way];
      alone.push((one! / lastsMs) * 1000);
      together.push(all.reduce((sum, count) => sum + count, 0) / one!);
      fairness.push(Math.min(...all) / Math.max(...all));
    }
  }
  return WAYS.flatMap((way) => rateFigures(asked, way, measured[way]));
}

const newRates = (): Record<'alone' | 'together' | 'fairness', number[]> => ({
  alone: [],
  together: [],
  fairness: [],
});

function rateFigures(
  { batch, work: what, atLeast }: Rates,
  way: Way,
  { alone, together, fairness }: ReturnType<typeof newRates>,
): BarFigure[] {
  const work = `${what}, ${TITLES[way]}`;
  const slowest = {
    work,
    what: 'the slowest tab against the fastest',
    value: median(fairness),
    unit: '×',
  };
  return [
    {
      work,
      what: 'four tabs against the leader alone',
      value: median(together),
      unit: '×',
      atLeast,
    },
    batch === 1 ? { ...slowest, atLeast: 0.5 } : slowest,
    { work, what: 'the leader alone', value: median(alone), unit: '/s' },
  ];
}

/** Records acknowledged in each tab within the same stretch of time. */
function block(
  tabs: readonly Page[],
  way: Way,
  given: Omit<Block, 'startAtMs'>,
): Promise<number[]> {
  const startAtMs = Date.now() + 100;
  return Promise.all(
    tabs.map((page) =>
      page.evaluate(([way, asked]) => bench.tab.appendFor(way, asked), [
        way,
        { ...given, startAtMs },
      ] as const),
    ),
  );
}

type Singles = Record<'led' | 'followed' | 'ledEcho' | 'followedEcho', number[]>;

const newSingles = (): Singles => ({ led: [], followed: [], ledEcho: [], followedEcho: [] });

async function singles(
  [leader, follower]: readonly Page[],
  rounds: number,
  count: number,
): Promise<BarFigure[]> {
  const us = { port: newSingles(), channel: newSingles() };
  const append = (page: Page, way: Way): Promise<number[]> =>
    page.evaluate(([way, calls]) => bench.tab.appendTimes(way, calls), [way, count] as const);
  const echo = (page: Page, way: Way): Promise<number[]> =>
    page.evaluate(([way, calls]) => bench.tab.echoTimes(way, calls), [way, count] as const);
  for (let round = 0; round <= rounds; round++) {
    for (const way of WAYS) {
      const measured = {
        led: await append(leader!, way),
        followed: await append(follower!, way),
        ledEcho: await echo(leader!, way),
        followedEcho: await echo(follower!, way),
      };
      if (round === 0) continue;
      for (const key of Object.keys(measured) as (keyof Singles)[])
        us[way][key].push(median(measured[key]));
    }
  }
  return WAYS.flatMap((way) => singleFigures(way, us[way]));
}

function singleFigures(way: Way, { led, followed, ledEcho, followedEcho }: Singles): BarFigure[] {
  const shares = followed.map(
    (value, at) => value / (led[at]! + 1.2 * (followedEcho[at]! - ledEcho[at]!)),
  );
  const work = `one durable append of 100 B, ${TITLES[way]}`;
  const p50 = (what: string, all: readonly number[]): BarFigure => ({
    work,
    what: `${what}, p50`,
    value: median(all),
    unit: 'µs',
  });
  return [
    {
      work,
      what: 'a follower’s against the leader page’s and 1.2 × the longer way',
      value: median(shares),
      unit: '×',
      atMost: 1,
    },
    p50('leader’s page', led),
    p50('follower’s page', followed),
    p50('bare way there and back, leader’s page', ledEcho),
    p50('bare way, follower’s page', followedEcho),
  ];
}

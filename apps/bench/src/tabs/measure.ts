/**
 * Four tabs of one log, in one run.
 *
 * Always true:
 * - what one tab does alone and what all do together are blocks next to each other
 * - the tabs that do nothing are open all the while
 * - what a follower's append may cost more than the leader page's is measured by the bare way there
 */
import type { Page } from 'playwright-core';
import { median } from '../figures.ts';
import type { BarFigure } from '../report/bar-figures.ts';

const TABS = 4;

export async function measureTabs(
  openTab: () => Promise<Page>,
  isQuick: boolean,
): Promise<BarFigure[]> {
  const name = `bench-tabs-${Date.now().toString(36)}`;
  const tabs: Page[] = [];
  for (let number = 0; number < TABS; number++) {
    const page = await openTab();
    const role = await page.evaluate(({ name, leads }) => bench.tab.open(name, leads), {
      name,
      leads: number === 0,
    });
    const wanted = number === 0 ? 'leader' : 'follower';
    if (role !== wanted) throw new Error(`tab ${number} is ${role}, not ${wanted}`);
    tabs.push(page);
  }
  const rounds = isQuick ? 5 : 15;
  const lastsMs = isQuick ? 400 : 1_000;
  try {
    return [
      ...(await rates(tabs, {
        rounds,
        lastsMs,
        batch: 1,
        work: '100 B appends, one at a time in each tab',
        atLeast: 1.5,
      })),
      ...(await rates(tabs, {
        rounds,
        lastsMs,
        batch: 1_000,
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
  readonly work: string;
  readonly atLeast: number;
}

async function rates(tabs: readonly Page[], asked: Rates): Promise<BarFigure[]> {
  const { rounds, lastsMs, batch, work, atLeast } = asked;
  const together: number[] = [];
  const fairness: number[] = [];
  const alone: number[] = [];
  // The first round only warms up.
  for (let round = 0; round <= rounds; round++) {
    const [one] = await block(tabs.slice(0, 1), { lastsMs, batch });
    const all = await block(tabs, { lastsMs, batch });
    if (round === 0) continue;
    alone.push((one! / lastsMs) * 1000);
    together.push(all.reduce((sum, count) => sum + count, 0) / one!);
    fairness.push(Math.min(...all) / Math.max(...all));
  }
  const slowest = { work, what: 'the slowest tab against the fastest', unit: '×' };
  return [
    {
      work,
      what: 'four tabs against the leader alone',
      value: median(together),
      unit: '×',
      atLeast,
    },
    batch === 1
      ? { ...slowest, value: median(fairness), atLeast: 0.5 }
      : { ...slowest, value: median(fairness) },
    { work, what: 'the leader alone', value: median(alone), unit: '/s' },
  ];
}

/** Records acknowledged in each tab within the same stretch of time. */
function block(
  tabs: readonly Page[],
  { lastsMs, batch }: { lastsMs: number; batch: number },
): Promise<number[]> {
  const startAtMs = Date.now() + 100;
  return Promise.all(
    tabs.map((page) =>
      page.evaluate((given) => bench.tab.appendFor(given), { startAtMs, lastsMs, batch }),
    ),
  );
}

async function singles(
  [leader, follower]: readonly Page[],
  rounds: number,
  count: number,
): Promise<BarFigure[]> {
  const us: Record<'led' | 'followed' | 'ledEcho' | 'followedEcho', number[]> = {
    led: [],
    followed: [],
    ledEcho: [],
    followedEcho: [],
  };
  const append = (page: Page): Promise<number[]> =>
    page.evaluate((calls) => bench.tab.appendTimes(calls), count);
  const echo = (page: Page): Promise<number[]> =>
    page.evaluate((calls) => bench.tab.echoTimes(calls), count);
  for (let round = 0; round <= rounds; round++) {
    const measured = {
      led: await append(leader!),
      followed: await append(follower!),
      ledEcho: await echo(leader!),
      followedEcho: await echo(follower!),
    };
    if (round === 0) continue;
    for (const key of Object.keys(us) as (keyof typeof us)[]) us[key].push(median(measured[key]));
  }
  const { led, followed, ledEcho, followedEcho } = us;
  const shares = followed.map(
    (value, at) => value / (led[at]! + 1.2 * (followedEcho[at]! - ledEcho[at]!)),
  );
  const work = 'one durable append of 100 B';
  return [
    {
      work,
      what: 'a follower’s against the leader page’s and 1.2 × the longer way (BroadcastChannel)',
      value: median(shares),
      unit: '×',
      atMost: 1,
    },
    { work, what: 'leader’s page, p50', value: median(led), unit: 'µs' },
    { work, what: 'follower’s page, p50', value: median(followed), unit: 'µs' },
    {
      work,
      what: 'bare way there and back, leader’s page, p50',
      value: median(ledEcho),
      unit: 'µs',
    },
    { work, what: 'bare way, follower’s page, p50', value: median(followedEcho), unit: 'µs' },
  ];
}

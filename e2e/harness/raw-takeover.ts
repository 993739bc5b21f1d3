/**
 * Takeovers without Varve, for comparison: a tab's process is killed, the other one waits for its lock,
 * opens its file, reads 4 MiB, writes and flushes once. Nothing else happens in either.
 */
import { Crash, type Launch, type PageServer, type Tab } from '@varve/crashkit/playwright';
import type {} from '../app/raw-takeover.ts';
import type { RawTakeoverStep } from '../app/raw-takeover-worker.ts';
import { percentile } from './failover-report.ts';

export interface RawTakeoverOptions {
  readonly server: PageServer;
  readonly launch: Launch;
  readonly deaths: number;
}

export type RawTakeover = Readonly<Record<RawTakeoverStep, number>>;

const STEPS: readonly RawTakeoverStep[] = ['lock', 'file', 'read', 'flushed'];
const DEADLINE_MS = 30_000;
/** The browser is to be at rest, and the process known, before the kill. */
const REST_MS = 700;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves with the time of each step since the death, ms; one element a death. */
export async function rawTakeovers(options: RawTakeoverOptions): Promise<RawTakeover[]> {
  const crash = await Crash.start({ ...options, label: 'raw-takeover' });
  const takeovers: RawTakeover[] = [];
  try {
    let leader = await crash.open('/raw-takeover.html');
    await leads(leader);
    while (takeovers.length < options.deaths) {
      const follower = await crash.open('/raw-takeover.html');
      await leader.pid(crash.browser);
      await sleep(REST_MS);
      const diedAtMs = performance.timeOrigin + performance.now();
      await crash.kill(leader, 'renderer');
      const steps = await leads(follower);
      takeovers.push(
        Object.fromEntries(STEPS.map((step) => [step, steps[step]! - diedAtMs])) as RawTakeover,
      );
      await leader.page.close();
      leader = follower;
    }
  } finally {
    await crash.close();
  }
  return takeovers;
}

async function leads({ page }: Tab): Promise<Partial<RawTakeover>> {
  const wait = { timeout: DEADLINE_MS, polling: 100 };
  await page.waitForFunction(() => window.rawTakeover.flushed !== undefined, undefined, wait);
  return page.evaluate(() => window.rawTakeover);
}

export function rawTakeoverTableOf(takeovers: readonly RawTakeover[]): string {
  const rows = STEPS.map((step) => {
    const times = takeovers.map((takeover) => takeover[step]);
    const at = (percent: number): string => percentile(times, percent).toFixed(1).padStart(6);
    return `${step.padEnd(8)} ${at(50)} ${at(90)} ${at(99)}`;
  });
  return [`ms since the death, ${takeovers.length} deaths: p50, p90, p99`, ...rows].join('\n');
}

/**
 * Store, kill, reopen, recover: what a context has to survive to be said to work.
 *
 * Always true: what is served is judged by the kit's oracle, acknowledged ≤ recovered ≤ issued, and a
 * run in which nothing was acknowledged, or nothing was in flight, is a failure: it would show nothing.
 */
import type { Frame, Page } from 'playwright-core';
import { expect, onTestFinished } from 'vitest';
import { findBrowsers } from '../../../scripts/browsers.mjs';
import {
  Crash,
  launcherOf,
  PageServer,
  type BrowserName,
  type Kill,
  type Launch,
} from '@varve/crashkit/playwright';

const found = await findBrowsers({ get: false });

export const FIREFOX_IS_HERE = found.firefox !== undefined;

export interface Survived {
  /** Of which browser. */
  readonly browser: string;
  readonly acknowledged: number;
  readonly recovered: number;
  /** What was done to it. */
  readonly kills: string;
}

export interface SurvivalOptions {
  readonly upstream: string;
  readonly browser?: BrowserName;
  readonly headers?: (path: string) => Record<string, string>;
  readonly path?: string;
  /** Opened first, and left: under some policies the kit cannot look whether storage is real. */
  readonly doorway?: string;
}

/** How to start a browser of this machine. */
export function launchOf(name: BrowserName = 'chromium'): Launch {
  return launcherOf(name, pathOf(name));
}

export function pathOf(name: BrowserName): string {
  const path = found[name]?.path;
  if (path === undefined) throw new Error(`no ${name}: set VARVE_${name.toUpperCase()}`);
  return path;
}

const READY = 'body[data-ready]';

export async function ready(page: Page | Frame): Promise<void> {
  await page.waitForSelector(READY, { state: 'attached', timeout: 60_000 });
}

/** A browser of its own on a profile of its own, both gone with the test. */
export async function crashOf(options: SurvivalOptions): Promise<Crash> {
  const { upstream, browser = 'chromium', headers } = options;
  const server = await PageServer.start({ upstream, ...(headers && { headers }) });
  onTestFinished(() => server.close());
  const crash = await Crash.start({
    server,
    launch: launchOf(browser),
    label: 'packaging',
  });
  onTestFinished(() => crash.close());
  return crash;
}

const ANY_MOMENT = { random: { seed: 7 }, deadlineMs: 20_000 };

/** A process in the middle of its write, and a tab at any moment. */
const ROUNDS = {
  chromium: [
    [
      'renderer',
      { at: { point: 'mid-write', file: 'journal', nth: 20, skipZeros: true }, deadlineMs: 20_000 },
    ],
    ['close', ANY_MOMENT],
  ],
  // One process runs all tabs there: the browser dies instead.
  firefox: [
    ['browser', ANY_MOMENT],
    ['close', ANY_MOMENT],
  ],
} as const satisfies Record<BrowserName, readonly (readonly [Kill, object])[]>;

/** @throws Violation, or what the page threw */
export async function survives(options: SurvivalOptions): Promise<Survived> {
  const crash = await crashOf(options);
  const { path = '/', browser = 'chromium', doorway } = options;
  if (doorway !== undefined) await (await crash.open(doorway)).page.close();
  let tab = await crash.open(path);
  let last = { issued: 0, acknowledged: 0, recovered: 0 };
  for (const [round, [kill, moment]] of ROUNDS[browser].entries()) {
    await ready(tab.page);
    expect(await tab.page.evaluate((number) => window.app.start(number), round)).toBe('opfs');
    await crash.kill(tab, kill, moment);
    tab = await crash.reopen(path);
    await ready(tab.page);
    const before = last.recovered;
    last = await crash.expectPrefix(tab, () => window.app.readAll());
    expect(last.acknowledged, 'nothing was acknowledged').toBeGreaterThan(before);
    if (kill === 'renderer')
      expect(last.issued, 'nothing was in flight').toBeGreaterThan(last.acknowledged);
  }
  const kills =
    browser === 'chromium'
      ? 'renderer killed in the middle of a write, tab closed'
      : 'browser killed, tab closed';
  return { browser: crash.browser.version, kills, ...last };
}

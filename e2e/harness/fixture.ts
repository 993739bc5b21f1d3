/** Playwright tests of the test app on a persistent profile: each has a profile and a browser of its own. */
import type { Page } from '@playwright/test';
import {
  Crash,
  type Kill,
  type RunningBrowser,
  type StopAt,
  type Tab,
} from '@varve/crashkit/playwright';
import { test as base } from './served.ts';

/** A browser on a profile, and how to start another on it. */
export class Tabs {
  readonly #crash: Crash;
  readonly #tabs = new WeakMap<Page, Tab>();

  constructor(crash: Crash) {
    this.#crash = crash;
  }

  get origin(): string {
    return this.#crash.origin;
  }

  get browser(): RunningBrowser {
    return this.#crash.browser;
  }

  /** The lab page in a tab of its own. */
  async open(path = '/lab.html'): Promise<Page> {
    const tab = await this.#crash.open(path);
    const { page } = tab;
    this.#tabs.set(page, tab);
    await page.waitForSelector('body[data-ready]', { state: 'attached' });
    return page;
  }

  kill(page: Page, what: Kill): Promise<void> {
    return this.#crash.kill(this.#tabs.get(page)!, what);
  }

  /** The next worker that comes there stands still; resolves when it does, and nobody else will. */
  async standAt(stop: StopAt, come: () => Promise<void>): Promise<void> {
    await this.#crash.arm(stop);
    await come();
    if (!(await this.#crash.parked())) throw new Error(`no worker came to ${stop.point}`);
    await this.#crash.arm(null);
  }

  /** Its process stands still until what is returned is called. */
  suspend(page: Page): Promise<() => void> {
    return this.#crash.suspend(this.#tabs.get(page)!);
  }

  /** Ends the browser as a user would (or with SIGKILL) and starts it again on the same profile. */
  restart(how: 'close' | 'kill' = 'close'): Promise<void> {
    return this.#crash.restart(how);
  }
}

export const test = base.extend<{ tabs: Tabs }>({
  tabs: async ({ stage: { server, launch } }, use) => {
    const crash = await Crash.start({ server, launch, label: 'tabs' });
    await use(new Tabs(crash));
    await crash.close();
  },
});

export { expect } from './served.ts';

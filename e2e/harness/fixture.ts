/**
 * Playwright tests on a persistent profile: each has a profile and a browser of its own, the app is
 * built and served once for all tests of a process.
 */
import { test as base, type Page } from '@playwright/test';
import { Profile } from './profile.ts';
import { Stage } from './stage.ts';
import type { RunningBrowser } from './target.ts';

/** A browser on a profile, and how to start another on it. */
export class Tabs {
  readonly origin: string;
  readonly #stage: Stage;
  readonly #profile: Profile;
  #browser: RunningBrowser;

  constructor(stage: Stage, profile: Profile, browser: RunningBrowser) {
    this.#stage = stage;
    this.#profile = profile;
    this.#browser = browser;
    this.origin = stage.server.origin;
  }

  get browser(): RunningBrowser {
    return this.#browser;
  }

  /** The lab page in a tab of its own. */
  async open(path = '/lab.html'): Promise<Page> {
    const page = await this.#browser.newPage();
    await page.goto(`${this.origin}${path}`);
    await page.waitForSelector('body[data-ready]', { state: 'attached' });
    return page;
  }

  /** Ends the browser as a user would (or with SIGKILL) and starts it again on the same profile. */
  async restart(how: 'close' | 'kill' = 'close'): Promise<void> {
    await this.#browser[how]();
    this.#browser = await this.#stage.launch(this.#profile);
  }
}

export const test = base.extend<{ tabs: Tabs }, { stage: Stage }>({
  stage: [
    async ({ browserName: _ }, use) => {
      const stage = await Stage.set({ pages: ['lab'] });
      await use(stage);
      await stage.strike();
    },
    { scope: 'worker' },
  ],
  tabs: async ({ stage }, use) => {
    const profile = new Profile('tabs');
    const browser = await stage.launch(profile);
    const tabs = new Tabs(stage, profile, browser);
    await use(tabs);
    await tabs.browser.close();
    profile.remove();
  },
});

export { expect } from '@playwright/test';

/** One tab of the app under test. */
import type { Page } from '@playwright/test';
import type { PreparedWindow } from './in-page.ts';
import type { RunningBrowser } from './running-browser.ts';
import { HAS_PROC } from './processes.ts';

export class Tab {
  readonly page: Page;
  readonly #origin: string;
  /** Known from the last time that it was asked for, until the tab goes elsewhere. */
  #pid: number | undefined;

  constructor(page: Page, origin: string) {
    this.page = page;
    this.#origin = origin;
    page.on('framenavigated', (frame) => {
      if (frame === page.mainFrame()) this.#pid = undefined;
    });
  }

  /**
   * The process that runs this tab.
   *
   * The renderer that appears with a new tab is usually a spare one for later. The right one holds
   * the app's files open; where more than one tab could, this one is made to hold one more. That takes
   * a moment, once: ask before a kill that shall come at once.
   * @throws where there is no `/proc`; when its storage is in memory alone
   */
  async pid(browser: RunningBrowser): Promise<number> {
    return (this.#pid ??= await this.#findPid(browser));
  }

  async #findPid(browser: RunningBrowser): Promise<number> {
    if (!HAS_PROC) throw new Error('which process is a tab’s is only known on Linux, from /proc');
    const before = browser.storageHolders();
    const tabs = browser.context.pages().filter((page) => page.url().startsWith(this.#origin));
    const [only] = before.keys();
    if (before.size === 1 && tabs.length === 1 && only !== undefined) return only;
    return this.#whileHolding(() => {
      const more = [...browser.storageHolders()]
        .filter(([pid, files]) => files > (before.get(pid) ?? 0))
        .map(([pid]) => pid);
      if (more.length === 1) return more[0]!;
      throw more.length === 0 ? new MemoryOnlyError() : new Error(`which of ${more} is the tab’s?`);
    });
  }

  /** @throws MemoryOnlyError when what this tab flushes reaches no file of the profile */
  async refuseMemoryOnly(browser: RunningBrowser): Promise<void> {
    if (!HAS_PROC) return;
    const count = (): number => [...browser.storageHolders().values()].reduce((a, b) => a + b, 0);
    const before = count();
    await this.#whileHolding(() => {
      if (count() <= before) throw new MemoryOnlyError();
    });
  }

  /** Runs `work` while a worker of this tab holds one more file open. */
  async #whileHolding<T>(work: () => T): Promise<T> {
    await this.page.evaluate(() => (window as PreparedWindow).crashkit?.hold());
    try {
      return work();
    } finally {
      await this.page.evaluate(() => (window as PreparedWindow).crashkit?.release());
    }
  }
}

export class MemoryOnlyError extends Error {
  override readonly name = 'MemoryOnlyError';

  constructor() {
    super(
      'this tab keeps its storage in memory: a flush there does nothing and proves nothing. ' +
        'Playwright’s own contexts and private windows are like that; open the tab with crash.open',
    );
  }
}

/**
 * A real Firefox on a profile of ours, driven over BiDi by Playwright's stock-Firefox channel.
 *
 * Playwright starts the process here; it is found again by the profile in its command line. A
 * content process that is killed takes the whole browser along unless the launcher removes
 * MOZ_CRASHREPORTER_SHUTDOWN (`scripts/browsers.mjs` makes such a launcher).
 */
import { join } from 'node:path';
import { firefox, type BrowserContext, type Page } from 'playwright-core';
import { commandOf, descendantsOf, gone, holdersOf, killTree } from './processes.ts';
import type { Profile } from './profile.ts';

export class Firefox {
  readonly version: string;
  readonly #context: BrowserContext;
  readonly #pid: number;
  readonly #storageFolder: string;

  private constructor(context: BrowserContext, pid: number, profile: Profile) {
    this.#context = context;
    this.#pid = pid;
    this.#storageFolder = join(profile.folder, 'storage', 'default');
    this.version = `Firefox ${context.browser()?.version() ?? ''}`.trim();
  }

  static async launch(executablePath: string, profile: Profile): Promise<Firefox> {
    const channel = 'moz-firefox';
    const context = await firefox.launchPersistentContext(profile.folder, {
      channel,
      executablePath,
      headless: true,
    });
    const ours = descendantsOf(process.pid).filter((pid) =>
      commandOf(pid).includes(profile.folder),
    );
    const main = ours.find((pid) => !ours.some((other) => descendantsOf(other).includes(pid)));
    if (main === undefined) throw new Error('the Firefox that was just started is not to be found');
    return new Firefox(context, main, profile);
  }

  newPage(): Promise<Page> {
    return this.#context.newPage();
  }

  async killRenderer(): Promise<number> {
    const pids = holdersOf(descendantsOf(this.#pid), this.#storageFolder);
    if (pids.length !== 1) throw new Error(`one process should hold the store, not ${pids.length}`);
    process.kill(pids[0]!, 'SIGKILL');
    await gone(pids);
    return pids[0]!;
  }

  async kill(): Promise<void> {
    const all = [this.#pid, ...descendantsOf(this.#pid)];
    killTree(this.#pid);
    await gone(all);
  }

  async close(): Promise<void> {
    const closed = this.#context.close().catch(() => undefined);
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 8000))]);
    await this.kill();
  }
}

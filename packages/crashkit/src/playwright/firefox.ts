/**
 * A real Firefox on a profile of ours, driven over BiDi by Playwright's stock-Firefox channel.
 *
 * Playwright starts the process here; it is found again by the profile in its command line. It asks
 * Firefox to shut down whole when one of its content processes dies, which is the very thing that the
 * kit does: the launcher takes the request back.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { firefox, type BrowserContext, type Page } from '@playwright/test';
import { commandOf, descendantsOf, gone, holdersOf, killTree } from './processes.ts';
import type { Profile } from './profile.ts';
import type { RunningBrowser } from './running-browser.ts';

export class Firefox implements RunningBrowser {
  readonly version: string;
  readonly context: BrowserContext;
  readonly #pid: number;
  readonly #storageFolder: string;

  private constructor(context: BrowserContext, pid: number, profile: Profile) {
    this.context = context;
    this.#pid = pid;
    this.#storageFolder = join(profile.folder, 'storage', 'default');
    this.version = `Firefox ${context.browser()?.version() ?? ''}`.trim();
  }

  static async launch(executablePath: string, profile: Profile): Promise<Firefox> {
    const channel = 'moz-firefox';
    const context = await firefox.launchPersistentContext(profile.folder, {
      channel,
      executablePath: launcherIn(profile, executablePath),
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
    return this.context.newPage();
  }

  storageHolders(): Map<number, number> {
    return holdersOf(descendantsOf(this.#pid), this.#storageFolder);
  }

  async kill(): Promise<void> {
    const all = [this.#pid, ...descendantsOf(this.#pid)];
    killTree(this.#pid);
    await gone(all);
  }

  async close(): Promise<void> {
    const closed = this.context.close().catch(() => undefined);
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 8000))]);
    await this.kill();
  }
}

function launcherIn(profile: Profile, executablePath: string): string {
  if (process.platform === 'win32') return executablePath;
  const launcher = join(profile.folder, 'launcher.sh');
  const quoted = `'${executablePath.replaceAll("'", String.raw`'\''`)}'`;
  const script = `#!/bin/sh\nunset MOZ_CRASHREPORTER_SHUTDOWN\nexec ${quoted} "$@"\n`;
  writeFileSync(launcher, script, { mode: 0o755 });
  return launcher;
}

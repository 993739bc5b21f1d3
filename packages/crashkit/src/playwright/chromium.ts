/**
 * A real Chromium on a profile of ours, spawned by us and driven over CDP.
 *
 * Playwright's own launch wants to own the profile (and removes its own on a kill), and its default
 * contexts keep everything in memory: a flush there proves nothing.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { chromium, type Browser, type BrowserContext, type Page } from '@playwright/test';
import { commandOf, descendantsOf, gone, holdersOf, killTree } from './processes.ts';
import type { Profile } from './profile.ts';
import type { RunningBrowser } from './running-browser.ts';

const START_DEADLINE_MS = 30_000;
const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-gpu',
  '--disable-quic',
  '--disable-sync',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-hang-monitor',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--password-store=basic',
  '--use-mock-keychain',
  // The pages of an address bar that nobody sees: a process and half a second of a core in each
  // browser. Whoever passes features of their own takes the place of these.
  '--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup',
  '--remote-debugging-port=0',
];

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Chromium implements RunningBrowser {
  readonly context: BrowserContext;
  readonly version: string;
  readonly #process: ChildProcess;
  readonly #browser: Browser;
  readonly #storageFolder: string;

  private constructor(child: ChildProcess, browser: Browser, profile: Profile) {
    this.#process = child;
    this.#browser = browser;
    this.#storageFolder = join(profile.folder, 'Default', 'File System');
    this.context = browser.contexts()[0]!;
    this.version = `Chromium ${browser.version()}`;
  }

  /** @param flags more of Chromium's own, e.g. `--load-extension=…` */
  static async launch(
    executablePath: string,
    profile: Profile,
    flags: readonly string[] = [],
  ): Promise<Chromium> {
    profile.clearStaleLocks();
    const portFile = join(profile.folder, 'DevToolsActivePort');
    rmSync(portFile, { force: true });
    const child = spawn(
      executablePath,
      [...FLAGS, ...flags, `--user-data-dir=${profile.folder}`, 'about:blank'],
      {
        stdio: 'ignore',
      },
    );
    const failed = new Promise<never>((_, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${executablePath} ended at start: ${code}`)));
    });
    failed.catch(() => undefined);
    try {
      const endpoint = await Promise.race([endpointFrom(portFile), failed]);
      const browser = await chromium.connectOverCDP(endpoint);
      return new Chromium(child, browser, profile);
    } catch (error) {
      killTree(child.pid!);
      throw error;
    }
  }

  async newPage(): Promise<Page> {
    return this.context.newPage();
  }

  storageHolders(): Map<number, number> {
    const renderers = descendantsOf(this.#process.pid!).filter((pid) =>
      commandOf(pid).includes('--type=renderer'),
    );
    return holdersOf(renderers, this.#storageFolder);
  }

  /** SIGKILLs the whole browser. */
  async kill(): Promise<void> {
    const all = [this.#process.pid!, ...descendantsOf(this.#process.pid!)];
    killTree(this.#process.pid!);
    await gone(all);
    await this.#browser.close().catch(() => undefined);
  }

  /** Ends it as a user would, then by force. */
  async close(): Promise<void> {
    const exited = new Promise<void>((resolve) => {
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) resolve();
      else this.#process.once('exit', () => resolve());
    });
    const session = await this.#browser.newBrowserCDPSession().catch(() => undefined);
    session?.send('Browser.close').catch(() => undefined);
    await Promise.race([exited, sleep(5000)]);
    await this.kill();
  }
}

/** Chromium writes port and path into this file once it listens. */
async function endpointFrom(portFile: string): Promise<string> {
  const until = Date.now() + START_DEADLINE_MS;
  while (Date.now() < until) {
    if (existsSync(portFile)) {
      const [port, path] = readFileSync(portFile, 'utf8').split('\n');
      if (port !== undefined && path !== undefined && path !== '')
        return `ws://127.0.0.1:${port}${path}`;
    }
    await sleep(20);
  }
  throw new Error(`the browser did not open its debugging port within ${START_DEADLINE_MS} ms`);
}

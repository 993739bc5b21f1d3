/**
 * The life of an app over many deaths: open, kill, reopen, judge.
 *
 * Always true:
 * - one profile and one origin from the first tab to the last, so that what one tab stored is there
 *   for the next, whatever was killed in between
 * - what the app said it issued and acknowledged had left its process before anything was killed
 * - every wait ends: with what was waited for, or at a deadline
 */
import { readFile, readdir } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { History, type Issued } from '../oracle/index.ts';
import { installInPage, type PreparedWindow, scriptOf } from './in-page.ts';
import type { StopAt } from './kill-point.ts';
import { CHANNEL, type PageServer, PATHS, PROBE_PATH } from './page-server.ts';
import { gone } from './processes.ts';
import { Profile } from './profile.ts';
import { momentOf, type RandomMoment } from './random-moment.ts';
import type { Launch, RunningBrowser } from './running-browser.ts';
import { Tab } from './tab.ts';
import { within } from './within.ts';

/**
 * - `worker`: the page terminates its workers
 * - `close`, `reload`, `navigate`: what a user does to a tab
 * - `renderer`: SIGKILL of the process that runs the tab
 * - `browser`: SIGKILL of all its processes; a new one starts on the same profile
 */
export const KILLS = ['worker', 'close', 'reload', 'navigate', 'renderer', 'browser'] as const;
export type Kill = (typeof KILLS)[number];

/** When to kill; without: at once. */
export interface Moment {
  /** Once a worker stands still there. */
  readonly at?: StopAt;
  /** So many acknowledgements later, then so many ms, by a seed. */
  readonly random?: RandomMoment;
  /** How long to wait for the moment (default: 5 s). */
  readonly deadlineMs?: number;
}

export interface Judgement {
  readonly issued: number;
  readonly acknowledged: number;
  readonly recovered: number;
}

export interface CrashOptions {
  readonly server: PageServer;
  readonly launch: Launch;
  /** For the profile's folder. */
  readonly label?: string;
}

const IN_PAGE = scriptOf(installInPage, { paths: PATHS, probe: PROBE_PATH });
const MOMENT_DEADLINE_MS = 5000;
/** A busy worker that was terminated keeps its files for 2 s. */
const RELEASE_DEADLINE_MS = 3000;
const CLOSE_DEADLINE_MS = 5000;
/**
 * A crashed page stays a moment, as before a user's eyes: closing it keeps the browser's own thread busy
 * for 20 ms, in the way of whoever takes over. It has been seen to hang: nobody waits for it.
 */
const CRASHED_PAGE_MS = 1000;
const READ_DEADLINE_MS = 30_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Crash {
  readonly profile: Profile;
  readonly origin: string;
  readonly #server: PageServer;
  readonly #launch: Launch;
  #browser: RunningBrowser;
  #persistent = false;
  #history = new History<unknown>();
  readonly #open = new Map<string, Issued[]>();
  #acknowledged = 0;
  #parkedAt: string | undefined;
  /** The page of a tab that was killed, and yet is there. */
  #leftOver: Page | undefined;
  readonly #listeners = new Set<() => void>();

  private constructor(options: CrashOptions, profile: Profile, browser: RunningBrowser) {
    this.#server = options.server;
    this.#launch = options.launch;
    this.origin = options.server.origin;
    this.profile = profile;
    this.#browser = browser;
    this.#server.receive(PATHS.parked, (point) => this.#hear(() => (this.#parkedAt = point)));
    this.#server.receive(PATHS.issued, (body) => this.#issued(body));
    this.#server.receive(PATHS.acknowledged, (body) => this.#acknowledge(body));
  }

  static async start(options: CrashOptions): Promise<Crash> {
    const profile = new Profile(options.label);
    try {
      return new Crash(options, profile, await options.launch(profile));
    } catch (error) {
      profile.remove();
      throw error;
    }
  }

  get browser(): RunningBrowser {
    return this.#browser;
  }

  /** Where a worker stands still, if one does. */
  get parkedAt(): string | undefined {
    return this.#parkedAt;
  }

  /** Opens the app in a tab, and so a process, of its own. */
  async open(path = '/'): Promise<Tab> {
    const page = await this.#browser.newPage();
    const tab = await this.#prepared(page);
    await page.goto(`${this.origin}${path}`);
    if (!this.#persistent) await tab.refuseMemoryOnly(this.#browser);
    this.#persistent = true;
    return tab;
  }

  /** @throws MemoryOnlyError for a page of a context that forgets */
  async adopt(page: Page): Promise<Tab> {
    const tab = await this.#prepared(page);
    await page.evaluate(IN_PAGE);
    await tab.refuseMemoryOnly(this.#browser);
    return tab;
  }

  /**
   * After a kill: the app again, in a new tab, once whoever died has let go of its files. What a
   * reload or a terminated worker left of the old tab is closed first. Nothing is armed.
   */
  async reopen(path = '/'): Promise<Tab> {
    if (this.#leftOver !== undefined) await closeLoaded(this.#leftOver);
    this.#leftOver = undefined;
    await this.arm(null);
    const until = Date.now() + RELEASE_DEADLINE_MS;
    while (this.#browser.storageHolders().size > 0 && Date.now() < until) await sleep(20);
    return this.open(path);
  }

  /** Where workers shall stand still: those that start from now on, and those that run. */
  async arm(stop: StopAt | null): Promise<void> {
    this.#parkedAt = undefined;
    await this.#order(stop);
  }

  async #order(stop: StopAt | null): Promise<void> {
    this.#server.stop = stop;
    const pages = this.#browser.context
      .pages()
      .filter((page) => page.url().startsWith(this.origin));
    const told = pages.map((page) =>
      page.evaluate(([name, data]) => new BroadcastChannel(name).postMessage(data), [
        CHANNEL,
        stop,
      ] as const),
    );
    // A page that is gone, or hangs, has no worker to tell.
    await Promise.race([Promise.allSettled(told), sleep(1000)]);
  }

  /** Resolves once a worker stands still; false at the deadline. */
  parked(deadlineMs = MOMENT_DEADLINE_MS): Promise<boolean> {
    return this.#until(() => this.#parkedAt !== undefined, deadlineMs);
  }

  /**
   * Kills the tab, or what is around it, at that moment.
   * @throws when the moment does not come
   */
  async kill(tab: Tab, what: Kill, moment: Moment = {}): Promise<void> {
    const { at, random, deadlineMs = MOMENT_DEADLINE_MS } = moment;
    if (at !== undefined) {
      await this.arm(at);
      if (!(await this.parked(deadlineMs))) {
        throw new Error(`no worker came to ${at.point} within ${deadlineMs} ms`);
      }
    }
    // Whoever goes on in place of the one that stands still shall not stand still there, too.
    if (this.#parkedAt !== undefined) await this.#order(null);
    if (random !== undefined) {
      const { acknowledgements, delayMs } = momentOf(random);
      const goal = this.#acknowledged + acknowledgements;
      await this.#until(() => this.#acknowledged >= goal, deadlineMs);
      await sleep(delayMs);
    }
    await this.#strike(tab, what);
    const tabIsLeft = what === 'worker' || what === 'reload' || what === 'navigate';
    this.#leftOver = tabIsLeft ? tab.page : undefined;
    // What stood still is gone.
    this.#server.stop = null;
    this.#parkedAt = undefined;
  }

  async #strike(tab: Tab, what: Kill): Promise<void> {
    const { page } = tab;
    switch (what) {
      case 'worker': {
        const count = await page.evaluate(() =>
          (window as PreparedWindow).crashkit?.terminateWorkers(),
        );
        if (count === undefined || count === 0) throw new Error('the page has started no worker');
        break;
      }
      case 'close':
        await page.close();
        break;
      case 'reload':
        await page.reload({ waitUntil: 'commit' });
        break;
      case 'navigate':
        await page.goto('about:blank', { waitUntil: 'commit' });
        break;
      case 'renderer': {
        const pid = await tab.pid(this.#browser);
        process.kill(pid, 'SIGKILL');
        await gone([pid]);
        setTimeout(() => void page.close().catch(() => undefined), CRASHED_PAGE_MS).unref();
        break;
      }
      case 'browser':
        await this.restart('kill');
        break;
    }
  }

  /**
   * Stops the tab's process where it is, as a debugger or a sleeping machine does: nothing in it runs,
   * and what it holds it keeps (SIGSTOP). What is returned lets it go on; ending the browser ends it.
   */
  async suspend(tab: Tab): Promise<() => void> {
    const pid = await tab.pid(this.#browser);
    process.kill(pid, 'SIGSTOP');
    await allStopped(pid);
    return () => void process.kill(pid, 'SIGCONT');
  }

  /** Ends the browser, as a user does or with SIGKILL, and starts it again on the same profile. */
  async restart(how: 'close' | 'kill' = 'close'): Promise<void> {
    await this.#browser[how]();
    this.#browser = await this.#launch(this.profile);
  }

  /**
   * acknowledged ≤ recovered ≤ issued: what `read` finds in the page is an exact prefix of what the
   * app told `crashkit.issued`, and holds all of which it told `crashkit.acknowledged`.
   * @throws Violation
   */
  async expectPrefix(
    { page }: Tab,
    read: () => readonly unknown[] | Promise<readonly unknown[]>,
  ): Promise<Judgement> {
    const recovered = await within(READ_DEADLINE_MS, 'reading back', page.evaluate(read));
    const { issuedRecords: issued, acknowledgedRecords: acknowledged } = this.#history;
    this.#history.check(recovered);
    // What was served once is owed; what was not there must not rise again.
    this.#history.settle(recovered);
    this.#open.clear();
    return { issued, acknowledged, recovered: recovered.length };
  }

  async close(): Promise<void> {
    for (const path of Object.values(PATHS)) this.#server.receive(path, undefined);
    await this.#browser.close();
    this.profile.remove();
  }

  async #prepared(page: Page): Promise<Tab> {
    await page.addInitScript(IN_PAGE);
    return new Tab(page, this.origin);
  }

  #issued(body: string): void {
    const same = this.#open.get(body);
    const issued = this.#history.issue(JSON.parse(body));
    if (same === undefined) this.#open.set(body, [issued]);
    else same.push(issued);
  }

  #acknowledge(body: string): void {
    const issued = this.#open.get(body)?.shift();
    // An app that acknowledges what it never issued would be judged by nothing.
    if (issued === undefined) throw new Error(`acknowledged, but not issued: ${body}`);
    this.#hear(() => {
      issued.acknowledge();
      this.#acknowledged++;
    });
  }

  #hear(change: () => void): void {
    change();
    for (const listener of this.#listeners) listener();
  }

  #until(condition: () => boolean, deadlineMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (held: boolean): void => {
        clearTimeout(timer);
        this.#listeners.delete(check);
        resolve(held);
      };
      const check = (): void => {
        if (condition()) end(true);
      };
      const timer = setTimeout(() => end(condition()), deadlineMs);
      this.#listeners.add(check);
      check();
    });
  }
}

/** A page that is closed while it loads has been seen to stay: it may load first, and has to let go. */
async function closeLoaded(page: Page): Promise<void> {
  await page.waitForLoadState('load', { timeout: CLOSE_DEADLINE_MS }).catch(() => undefined);
  await within(CLOSE_DEADLINE_MS, 'closing a tab', page.close()).catch(() =>
    page.goto('about:blank', { timeout: CLOSE_DEADLINE_MS }).catch(() => undefined),
  );
}

/** The signal is taken by one thread, when it next runs; until then the others go on. */
async function allStopped(pid: number): Promise<void> {
  const isStopped = async (thread: string): Promise<boolean> => {
    const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => ') T');
    return /\) [Tt]/.test(stat.slice(stat.lastIndexOf(')')));
  };
  for (let look = 0; look < 500; look++) {
    const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
    const stopped = await Promise.all(threads.map(isStopped));
    if (!stopped.includes(false)) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`process ${pid} was told to stop five seconds ago, and still runs`);
}

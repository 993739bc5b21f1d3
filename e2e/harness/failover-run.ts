/**
 * One store, several tabs, each in a process of its own, and the deaths of their leaders.
 *
 * Always true:
 * - every wait has a deadline; what does not end in time is a failure, never a hang
 * - all tabs append throughout; whoever died is replaced by a new tab
 * - a store is judged once, when all is quiet, by what had left its tabs
 */
import {
  Crash,
  HAS_PROC,
  type Launch,
  type PageServer,
  type Tab,
  within,
} from '@varve/crashkit/playwright';
import type { LogStatus } from 'varve';
import { succeeded } from './crash-run.ts';
import type { FailoverPlan } from './failover-plan.ts';
import { judgeTabs, type TabsVerdict } from './tabs-judge.ts';
import { TabLedger } from './tab-ledger.ts';
import { takeoverOf, type Takeover } from './takeover.ts';

export interface FailoverRunOptions {
  readonly seed: number;
  readonly server: PageServer;
  readonly launch: Launch;
  /** How much the next leader has to verify, bytes. */
  readonly ballastBytes: number;
  /** Tabs that share a process die together: as in Firefox, where only the others' kinds are judged. */
  readonly ownProcesses: boolean;
  readonly broken?: string;
  /**
   * Links go by port; a leader dies only when all of its followers have theirs, also after a renderer
   * was killed that the introducer had lived in.
   */
  readonly ports?: boolean;
  /** As a quiet app would have it: for takeover times; see `TabStorm`. */
  readonly isCalm?: boolean;
}

export interface FailoverResult extends Takeover {
  readonly plan: FailoverPlan;
  readonly tabs: number;
  /** Operations issued and unanswered in all tabs when it died. */
  readonly inFlight: number;
  /** What the new leader looked at, and how long its recovery took, as it says itself. */
  readonly scannedBytes: number;
  readonly recoveryMs: number;
}

interface Member {
  readonly tab: Tab;
  readonly ledger: TabLedger;
  readonly path: string;
}

const PAGE_DEADLINE_MS = 30_000;
const STORM_DEADLINE_MS = 10_000;
/** A busy worker keeps its file for 2 s; a leader's beat may stay out for some. */
const TAKEOVER_DEADLINE_MS = 15_000;
const QUIET_DEADLINE_MS = 15_000;
/** As before a takeover without Varve (`raw-takeover.ts`). */
const REST_MS = 700;
/** Of the ballast, before that rest: what is appended meanwhile comes to it. */
const BALLAST_BEFORE = 0.6;
/** Acknowledgements of each tab after a takeover, before it counts as done. */
const ACKS_AFTER = 3;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const nowMs = (): number => performance.timeOrigin + performance.now();

export class FailoverRun {
  readonly #options: FailoverRunOptions;
  readonly #listeners = new Set<() => void>();
  #crash: Crash | undefined;
  #store = '';
  #members: Member[] = [];
  #ledgers: TabLedger[] = [];

  constructor(options: FailoverRunOptions) {
    this.#options = options;
  }

  get version(): string {
    return this.#crash?.browser.version ?? 'not started';
  }

  async start(): Promise<void> {
    this.#crash ??= await Crash.start({ ...this.#options, label: 'failover' });
  }

  async close(): Promise<void> {
    for (const { path } of this.#members) this.#options.server.receive(path, undefined);
    this.#members = [];
    await this.#crash?.close();
    this.#crash = undefined;
  }

  /** A new store with its tabs. */
  async beginStore(name: string, count: number): Promise<void> {
    this.#store = name;
    this.#ledgers = [];
    while (this.#members.length < count) await this.#join();
  }

  /** The leader dies; resolves when another leads, all others go on and a new tab has joined. */
  async death(plan: FailoverPlan): Promise<FailoverResult> {
    const crash = this.#crash!;
    const { ballastBytes, isCalm, ports } = this.#options;
    const leader = await this.#leader();
    if (ports === true) await this.#havePorts();
    if (isCalm === true) {
      // Whoever came last finds its place, and reads what is there; only little comes after that.
      const checkpointed = leader.tab.page.evaluate(() => window.tabApp.checkpoint());
      await within(PAGE_DEADLINE_MS, 'checkpoint', checkpointed);
      await this.#ballast(leader, ballastBytes * BALLAST_BEFORE);
      await sleep(REST_MS);
    }
    await this.#ballast(leader, ballastBytes);
    const acks = (): number => this.#ledgers.reduce((sum, l) => sum + l.acknowledged.length, 0);
    if (plan.stop === undefined) {
      const goal = acks() + plan.afterAcks;
      await this.#until(
        () => acks() >= goal,
        STORM_DEADLINE_MS,
        'acknowledgements before the death',
      );
      await sleep(plan.jitterMs);
    } else {
      await crash.arm(plan.stop);
      if (!(await crash.parked(STORM_DEADLINE_MS)))
        throw new Error(`the leader did not come to ${plan.stop.point}`);
      // Whoever takes over shall not stand still there, too.
      await crash.arm(null);
    }
    const survivors = this.#members.filter((member) => member !== leader);
    const inFlight = this.#ledgers.reduce((sum, l) => sum + l.inFlight(), 0);
    const before = new Map(survivors.map(({ ledger }) => [ledger, ledger.acknowledged.length]));
    const diedAtMs = nowMs();
    leader.ledger.died = plan.kind;
    const kill = plan.kind === 'busy' ? 'worker' : plan.kind;
    await within(PAGE_DEADLINE_MS, `kill ${kill}`, crash.kill(leader.tab, kill));
    const takesOver = (l: TabLedger): boolean =>
      l.roles.some(({ role, atMs }) => role === 'leader' && atMs >= diedAtMs);
    const goesOn = (l: TabLedger): boolean => l.acknowledged.length >= before.get(l)! + ACKS_AFTER;
    await this.#until(
      () =>
        survivors.some(({ ledger }) => takesOver(ledger)) &&
        survivors.every(({ ledger }) => goesOn(ledger)),
      TAKEOVER_DEADLINE_MS,
      `takeover after ${plan.kind}`,
    );
    const next = survivors.find(({ ledger }) => takesOver(ledger))!;
    const { recovery } = await this.#statusOf(next);
    const takeover = takeoverOf(
      survivors.map(({ ledger }) => ledger),
      diedAtMs,
      plan.stop !== undefined,
    );
    await this.#bury(leader);
    await this.#join();
    return {
      plan,
      ...takeover,
      tabs: survivors.length + 1,
      inFlight,
      scannedBytes: recovery.scannedBytes,
      recoveryMs: recovery.durationMs,
    };
  }

  /** All tabs come to rest, read everything back, and the store is judged. */
  async endStore(): Promise<TabsVerdict> {
    const living = this.#members;
    await Promise.all(living.map((member) => this.#rest(member)));
    const all = <T>(ask: (member: Member) => Promise<T>): Promise<T[]> =>
      within(PAGE_DEADLINE_MS, 'reading back', Promise.all(living.map(ask)));
    const readings = await all(({ tab }) => tab.page.evaluate(() => window.tabApp.readAll()));
    const last = readings[0]?.at(-1)?.[0] ?? 0;
    await all(({ tab }) =>
      tab.page.evaluate(([lsn, ms]) => window.tabApp.endTail(lsn, ms), [
        last,
        QUIET_DEADLINE_MS,
      ] as const),
    );
    const roles = (await all((member) => this.#statusOf(member))).map(({ role }) => role);
    const { seed } = this.#options;
    const verdict = judgeTabs({ seed, ledgers: this.#ledgers, readings, roles });
    await this.#leave(living);
    return verdict;
  }

  async #leave(living: readonly Member[]): Promise<void> {
    for (const { tab } of living) {
      await within(
        PAGE_DEADLINE_MS,
        'closing',
        tab.page.evaluate(() => window.tabApp.close()),
      );
    }
    const last = living.at(-1)!;
    const store = this.#store;
    await last.tab.page.evaluate((name) => window.tabApp.deleteStore(name), store);
    for (const member of living) await this.#forget(member);
    this.#members = [];
  }

  /** One more tab, appending. */
  async #join(): Promise<void> {
    const { seed, server, broken, ownProcesses, ports, isCalm } = this.#options;
    const number = this.#ledgers.length;
    const ledger = new TabLedger(number, () => this.#changed());
    const path = `/crashkit/${this.#store}-${number}`;
    server.receive(path, (body) => ledger.take(JSON.parse(body)));
    const tab = await this.#crash!.open('/tabs.html');
    await tab.page.waitForSelector('body[data-ready]', { state: 'attached' });
    const options = {
      seed,
      tab: number,
      store: this.#store,
      ackUrl: path,
      ...(broken !== undefined && { broken }),
      ...(ports !== undefined && { ports }),
      ...(isCalm !== undefined && { isCalm }),
    };
    const opening = tab.page.evaluate((o) => window.tabApp.open(o), options);
    succeeded(await within(PAGE_DEADLINE_MS, 'opening', opening));
    if (ownProcesses && HAS_PROC) await this.#separate(tab);
    this.#ledgers.push(ledger);
    this.#members.push({ tab, ledger, path });
    await tab.page.evaluate(() => window.tabApp.start());
    await this.#until(
      () => ledger.acknowledged.length > 0,
      STORM_DEADLINE_MS,
      'a new tab’s first append',
    );
  }

  /** @throws when a kill of this tab's process would take another tab with it */
  async #separate(tab: Tab): Promise<void> {
    const { browser } = this.#crash!;
    const pid = await tab.pid(browser);
    for (const { tab: other } of this.#members) {
      if ((await other.pid(browser)) === pid) throw new Error(`two tabs share process ${pid}`);
    }
  }

  /** Appends in the leader's page until the next leader has at least so many bytes to verify. */
  async #ballast(leader: Member, bytes: number): Promise<void> {
    const { bytesSinceScanStart } = await this.#statusOf(leader);
    if (bytesSinceScanStart >= bytes) return;
    const missing = bytes - bytesSinceScanStart;
    const appended = leader.tab.page.evaluate((b) => window.tabApp.ballast(b), missing);
    await within(STORM_DEADLINE_MS, 'ballast', appended);
  }

  async #leader(): Promise<Member> {
    const untilMs = Date.now() + TAKEOVER_DEADLINE_MS;
    for (;;) {
      for (const member of this.#members) {
        if ((await this.#statusOf(member)).role === 'leader') return member;
      }
      if (Date.now() > untilMs) throw new Error('no tab leads');
      await sleep(20);
    }
  }

  async #havePorts(): Promise<void> {
    const untilMs = Date.now() + STORM_DEADLINE_MS;
    for (const member of this.#members) {
      for (;;) {
        const { role, link } = await this.#statusOf(member);
        if (role === 'leader' || link === 'port') break;
        if (Date.now() > untilMs) throw new Error(`tab ${member.ledger.tab} has no port`);
        await sleep(20);
      }
    }
  }

  async #statusOf({ tab }: Member): Promise<LogStatus> {
    const asked = tab.page.evaluate(() => window.tabApp.status());
    return succeeded(await within(PAGE_DEADLINE_MS, 'status', asked));
  }

  /** What is left of a tab whose store is gone: its calls end, and it is closed. */
  async #bury(member: Member): Promise<void> {
    const { died } = member.ledger;
    if (died === 'worker' || died === 'busy') await this.#rest(member);
    this.#members = this.#members.filter((each) => each !== member);
    await this.#forget(member);
  }

  async #rest({ tab, ledger }: Member): Promise<void> {
    const stopping = tab.page.evaluate((ms) => window.tabApp.stop(ms), QUIET_DEADLINE_MS);
    ledger.unended = await within(PAGE_DEADLINE_MS, 'coming to rest', stopping);
  }

  async #forget({ tab, path, ledger }: Member): Promise<void> {
    this.#options.server.receive(path, undefined);
    // Closing a page that crashed has been seen to hang: nobody waits for it.
    if (ledger.died === 'renderer') return;
    if (!tab.page.isClosed()) await within(PAGE_DEADLINE_MS, 'closing a tab', tab.page.close());
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }

  #until(condition: () => boolean, deadlineMs: number, what: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#listeners.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(check);
        const state = this.#members.map(({ ledger }) => stateOf(ledger)).join('; ');
        reject(new Error(`${what}: not within ${deadlineMs} ms; ${state}`));
      }, deadlineMs);
      this.#listeners.add(check);
      check();
    });
  }
}

/** For the message of what did not come in time. */
function stateOf({ tab, died, roles, acknowledged, refused, wrong }: TabLedger): string {
  const ago = (atMs: number | undefined): string =>
    atMs === undefined ? 'never' : `${Math.round(nowMs() - atMs)} ms ago`;
  const last = roles.at(-1);
  const trouble = [...refused.map(({ code, outcome }) => `${code} (${outcome})`), ...wrong];
  return (
    `tab ${tab}${died === undefined ? '' : `, died: ${died}`}: ${last?.role} since ${ago(last?.atMs)}, ` +
    `last answer ${ago(acknowledged.at(-1)?.atMs)}${trouble.length > 0 ? `, ${trouble.slice(-3)}` : ''}`
  );
}

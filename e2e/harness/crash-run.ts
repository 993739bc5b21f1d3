/**
 * One store's life: storm, kill, look, and again.
 *
 * Always true:
 * - every wait has a deadline; what does not end in time is a failure, never a hang
 * - a kill is judged only by what had left the page before (the ledger)
 */
import { Crash, type Launch, type PageServer, type Tab, within } from '@varve/crashkit/playwright';
import type { Recovered, Settled } from '../app/page.ts';
import { mix } from '../app/random.ts';
import type { OpenOptions } from '../app/subject.ts';
import { Oracle, type Verdict } from './oracle.ts';
import { Ledger } from './ledger.ts';
import type { KillPlan } from './plan.ts';
import { SlotHistory, type SlotUse } from './slot-history.ts';

export interface KillResult {
  readonly plan: KillPlan;
  readonly verdict: Verdict;
  /** Operations issued and unanswered when it was killed. */
  readonly inFlight: number;
  /** The point at which the worker stood still, if it did. */
  readonly parkedAt: string | null;
  readonly tornBytes: number;
  readonly rows: readonly string[];
  readonly openMs: number;
  readonly records: number;
  readonly slots: SlotUse;
}

export interface CrashRunOptions {
  readonly seed: number;
  readonly server: PageServer;
  readonly launch: Launch;
  /** `raw` or `varve`. */
  readonly subject: string;
  readonly broken?: string;
}

const STORM_DEADLINE_MS = 4000;
const PAGE_DEADLINE_MS = 60_000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class CrashRun {
  readonly #options: CrashRunOptions;
  #crash: Crash | undefined;
  #tab: Tab | undefined;
  #store = '';
  #seed: number;
  #oracle: Oracle;
  #slots = new SlotHistory();
  #round = 0;

  constructor(options: CrashRunOptions) {
    this.#options = options;
    this.#seed = options.seed;
    this.#oracle = new Oracle(options.seed);
  }

  get version(): string {
    return this.#crash?.browser.version ?? 'not started';
  }

  async start(): Promise<void> {
    this.#crash ??= await Crash.start({ ...this.#options, label: 'crash' });
  }

  /** A new store: the history of the old one is over. */
  beginStore(name: string): void {
    this.#store = name;
    this.#round = 0;
    // A seed of its own: what belongs to another store must not pass for this one's.
    this.#seed = mix(this.#options.seed, ...new TextEncoder().encode(name));
    this.#oracle = new Oracle(this.#seed);
    this.#slots = new SlotHistory();
  }

  async kill(plan: KillPlan): Promise<KillResult> {
    const { server } = this.#options;
    const crash = this.#crash!;
    this.#round++;
    const ledger = new Ledger();
    const ackPath = `/crashkit/round-${this.#store}-${this.#round}`;
    server.receive(ackPath, (body) => ledger.take(JSON.parse(body)));
    try {
      const tab = await this.#freshTab();
      await this.#approach(tab, plan, ledger, ackPath);
      const inFlight = ledger.inFlight();
      const parkedAt = crash.parkedAt ?? null;
      await within(PAGE_DEADLINE_MS, `kill ${plan.kind}`, this.#strike(plan, tab));
      const recovered = await this.#recover(plan);
      ledger.close();
      const verdict = this.#oracle.judge(
        { round: this.#round, profile: plan.profile, ledger },
        recovered,
      );
      const { tornBytes, rows } = recovered.facts;
      const { openMs } = recovered;
      const records = recovered.rows.length;
      const slots = this.#slots.take(recovered.slots);
      return { plan, verdict, inFlight, parkedAt, tornBytes, rows, openMs, records, slots };
    } finally {
      server.receive(ackPath, undefined);
    }
  }

  async close(): Promise<void> {
    await this.#crash?.close();
    this.#crash = undefined;
  }

  #openOptions(plan: KillPlan): OpenOptions {
    const { broken } = this.#options;
    return {
      store: this.#store,
      segmentSizeBytes: plan.segmentSizeBytes,
      ...(broken === undefined ? {} : { broken }),
    };
  }

  /** Up to the moment of the kill. */
  async #approach({ page }: Tab, plan: KillPlan, ledger: Ledger, ackUrl: string): Promise<void> {
    const crash = this.#crash!;
    await crash.arm(plan.stop ?? null);
    const opening = page.evaluate((o) => window.crashApp.open(o), this.#openOptions(plan));
    const parked = crash.parked(STORM_DEADLINE_MS);
    const opened = await Promise.race([opening, parked.then(() => undefined)]);
    if (opened === undefined) {
      // It stands still inside opening, and will die there.
      opening.catch(() => undefined);
      return;
    }
    succeeded(opened);
    if (plan.kind === 'recovery') return;
    const seed = this.#seed;
    const { profile } = plan;
    await page.evaluate(([round, served, url]) => window.crashApp.startStorm(round, served, url), [
      { seed, round: this.#round, profile },
      this.#oracle.served,
      ackUrl,
    ] as const);
    if (plan.stop !== undefined) {
      await parked;
    } else {
      await ledger.until((l) => l.acknowledged.length >= plan.afterAcks, STORM_DEADLINE_MS);
      await sleep(plan.jitterMs);
    }
  }

  /** Ends what the plan says, and makes sure that a page can be opened again. */
  async #strike(plan: KillPlan, tab: Tab): Promise<void> {
    await this.#crash!.kill(tab, plan.kind === 'recovery' ? 'renderer' : plan.kind);
    if (plan.kind === 'reload') return;
    this.#tab = undefined;
    if (plan.kind === 'worker') {
      await tab.page.evaluate(async () => {
        window.crashApp.workerEnded();
        await window.crashApp.stopStorm(3000);
      });
    }
    // The page lived on, with its client: it is closed like any tab.
    if (plan.kind === 'worker' || plan.kind === 'navigate') await tab.page.close();
  }

  async #recover(plan: KillPlan): Promise<Recovered> {
    const { page } = await this.#freshTab();
    const opened = await within(
      PAGE_DEADLINE_MS,
      'reopening',
      page.evaluate((o) => window.crashApp.open(o), this.#openOptions(plan)),
    );
    succeeded(opened);
    const recovered = await within(
      PAGE_DEADLINE_MS,
      'reading back',
      page.evaluate(() => window.crashApp.readAll()),
    );
    if (plan.closeAfter) {
      const closing = page.evaluate(() => window.crashApp.close());
      await within(PAGE_DEADLINE_MS, 'closing', closing);
    }
    return recovered;
  }

  /** The subject's page, ready, in whatever state the last kill left the tab. */
  async #freshTab(): Promise<Tab> {
    const path = `/${this.#options.subject}.html`;
    if (this.#tab === undefined) this.#tab = await this.#crash!.open(path);
    else await this.#tab.page.goto(`${this.#crash!.origin}${path}`);
    await this.#tab.page.waitForSelector('body[data-ready]', { state: 'attached' });
    return this.#tab;
  }
}

/** The page's error as one of ours. */
export class PageFailure extends Error {
  override readonly name = 'PageFailure';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function succeeded<T>(settled: Settled<T>): T {
  if ('value' in settled) return settled.value;
  const { code, message, facts } = settled.error;
  throw new PageFailure(code, `${message} ${JSON.stringify(facts)}`);
}

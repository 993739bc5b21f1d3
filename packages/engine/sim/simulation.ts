/**
 * Runs one plan: opens tabs, lets happen what is to happen, lets everybody recover, and judges.
 *
 * Always true:
 * - equal plans give equal runs
 * - in the end nobody is stopped, no fault is left, and each tab that lives must be served
 */
import {
  SimulatedBrowser,
  type SimulatedContext,
  SimulatedDisk,
  type InjectedFault,
} from '@varve/files/simulated';
import { openStore } from '@varve/journal';
import type { Store } from '@varve/journal';
import { type AppendFact, History } from './history.ts';
import { SimulatedIntroducer } from './introducing.ts';
import { judge } from './oracle.ts';
import { copyOf } from './message-copy.ts';
import type { Act, Plan } from './plan.ts';
import { Tab } from './tab.ts';
import { recordsIn, type SeenRecord } from './values.ts';
import { lockName } from '../src/leadership.ts';
import { recordsOf } from '../src/records.ts';

const STORE = 'log';
/** Names older than a minute are taken for persisted. */
const NAMES_AGE_MS = 61_000;
/** Longer than any call may wait for a leader, and than what was frozen needs to find its place. */
const RECOVERY_MS = 12_000;
const LAST_APPEND_MS = 8_000;
/** Once all is answered, so long it goes on: a link that is silent is made anew within it. */
const QUIET_MS = 2_000;
const LOOK_MS = 250;
/** Of so many seeds one waits to the end of each time, answered or not. */
const PATIENT_EVERY = 16;
const GIVE_BACK_MS = 3_000;
const HIDING_MS = 30;
const PARKED_MS = 400;
/** Streams are clients of their own. */
const FIRST_STREAM = 1_000_000;
/** … and so is what is appended under a key. */
const FIRST_KEY = 2_000_000;
const PIECE_BYTES = 64 * 1024;

export interface Outcome {
  readonly violations: readonly string[];
  readonly history: History;
  /** Records in the end. */
  readonly records: number;
  readonly virtualMs: number;
}

/** A tick's turn comes when no promise has anything left to do: as `setImmediate`, without a round of the event loop. */
const settle = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** @param trace told what happens, line by line */
export async function simulate(plan: Plan, trace?: (line: string) => void): Promise<Outcome> {
  const disk = (await freshDisk(plan)).fork({ seed: plan.seed });
  const simulation = new Simulation(plan, disk, trace);
  return simulation.run();
}

class Simulation {
  readonly #plan: Plan;
  readonly #startMs: number;
  readonly #browser: SimulatedBrowser;
  readonly #history = new History();
  #introducer: SimulatedIntroducer | undefined;
  readonly #tabs: (Tab | undefined)[] = [];
  /** All there ever were. */
  readonly #workers: SimulatedContext[] = [];
  #faults: InjectedFault[] = [];
  #lastClient = 0;
  #lastStream = 0;
  /** Whoever recovers must have done so by then. */
  #recoveredMs = 0;
  /** Tabs that are to be seen again. */
  #awayTabs = 0;

  constructor(plan: Plan, disk: SimulatedDisk, trace?: (line: string) => void) {
    this.#plan = plan;
    this.#startMs = disk.time.nowMs();
    this.#browser = new SimulatedBrowser({
      ...plan,
      disk,
      settle,
      clone: copyOf,
      ...(trace && {
        trace: (what: string, about: unknown) =>
          trace(
            `${this.#elapsedMs().toFixed(1)} ${what} ${about === undefined ? '' : shown(about)}`,
          ),
      }),
    });
    if (plan.hasPorts) this.#introducer = new SimulatedIntroducer(plan);
    // Where messages get lost, everything takes longer.
    if (plan.lostPerMille > 0) this.#stood(Infinity);
  }

  async run(): Promise<Outcome> {
    const startMs = this.#startMs;
    for (const { atMs, tab, act } of this.#plan.steps) {
      await this.#pass(startMs + atMs - this.#browser.nowMs);
      this.#perform(tab, act);
    }
    await this.#recover();
    const following = await this.#appendLast();
    const log = await this.#finalLog();
    const { durability } = this.#plan;
    const violations = judge(this.#history, { durability, following, ...log });
    const virtualMs = this.#browser.nowMs - startMs;
    return { violations, history: this.#history, records: log.records.length, virtualMs };
  }

  #elapsedMs(): number {
    return this.#browser.nowMs - this.#startMs;
  }

  /** Lets time go by; a machine that lost power on the way boots again. */
  async #pass(ms: number): Promise<void> {
    const untilMs = this.#browser.nowMs + Math.max(0, ms);
    while (!(await this.#browser.run(untilMs - this.#browser.nowMs))) this.#boot('r1');
  }

  /** Lets time go by until then; or, as soon as all is done and answered, for a while longer. */
  async #settled(untilMs: number, isDone = (): boolean => true): Promise<void> {
    const isPatient = this.#plan.seed % PATIENT_EVERY === 0;
    for (let quietMs = 0; quietMs < QUIET_MS || isPatient;) {
      const leftMs = untilMs - this.#browser.nowMs;
      if (leftMs <= 0) return;
      const stepMs = Math.min(LOOK_MS, leftMs);
      await this.#pass(stepMs);
      const isAnswered = this.#tabs.every(
        (tab) => tab?.isUsable !== true || tab.page.pendingCalls === 0,
      );
      quietMs = isAnswered && this.#awayTabs === 0 && isDone() ? quietMs + stepMs : 0;
    }
  }

  #boot(choice: string): void {
    // Whoever kills the browser leaves the kernel its cache.
    if (this.#plan.profile !== 'tab-kill') this.#history.losses.push({ atMs: this.#browser.nowMs });
    this.#stood(0);
    this.#browser.powerCut(choice);
    if (this.#plan.hasPorts) this.#introducer = new SimulatedIntroducer(this.#plan);
    this.#tabs.fill(undefined);
  }

  #tab(index: number): Tab {
    const known = this.#tabs[index];
    if (known?.isUsable === true) return known;
    if (known?.isAlive === true) known.kill();
    const tab = new Tab(this.#browser, ++this.#lastClient, this.#history, this.#introducer);
    this.#tabs[index] = tab;
    this.#workers.push(tab.worker);
    const { durability, keep, segmentSizeBytes, alignmentBytes, leaderTimeoutMs } = this.#plan;
    const request = { durability, keep, segmentSizeBytes, alignmentBytes, leaderTimeoutMs };
    tab.do((page) => {
      page.open(STORE, { ...request, ...SMALL });
      page.whenOpen(() => void page.tail());
    });
    return tab;
  }

  #perform(index: number, act: Act): void {
    const { disk, nowMs, turns } = this.#browser;
    const { releaseMs } = this.#plan;
    const tab = this.#tab(index);
    switch (act.kind) {
      case 'open':
        return;
      case 'append':
        return tab.do((page) =>
          page.whenOpen(() => {
            const { calls, isExpecting, ...wish } = act;
            for (let call = 0; call < calls; call++)
              page.append(isExpecting ? { ...wish, expect: page.lastLsn } : wish);
          }),
        );
      case 'keyed':
        return tab.do((page) =>
          page.whenOpen(() => page.keyed(FIRST_KEY + act.key, act.durability)),
        );
      case 'read':
      case 'checkpoint':
      case 'status':
      case 'close':
        return tab.do((page) => page.whenOpen(() => void page[act.kind as 'read']()));
      case 'stream': {
        const client = FIRST_STREAM + ++this.#lastStream;
        return tab.do((page) =>
          page.whenOpen(() => void page.stream(client, act.bytes, act.pieces)),
        );
      }
      case 'kill':
        this.#stood(releaseMs);
        return tab.kill();
      case 'terminate':
        this.#stood(releaseMs);
        return tab.terminateWorker();
      case 'killInside':
        this.#stood(Infinity);
        return tab.killAfterOps(act.ops);
      case 'park':
        tab.do((page) => page.whenOpen(() => void page.park()));
        this.#awayTabs++;
        turns.at(undefined, nowMs + PARKED_MS, () => this.#shown(tab));
        return;
      case 'hide':
        // The page hears of it, and has a moment.
        tab.do((page) => page.whenOpen(() => void page.park()));
        this.#stood(act.ms);
        this.#awayTabs++;
        turns.at(undefined, nowMs + HIDING_MS, () => tab.freeze('suspended'));
        turns.at(undefined, nowMs + HIDING_MS + act.ms, () => {
          tab.thaw();
          this.#shown(tab);
        });
        return;
      case 'freeze':
        tab.freeze(act.how);
        this.#stood(act.ms);
        turns.at(undefined, nowMs + act.ms, () => tab.thaw());
        return;
      case 'slow':
        tab.worker.flushMs = act.flushMs;
        this.#stood(act.ms + act.flushMs);
        turns.at(undefined, nowMs + act.ms, () => {
          tab.worker.flushMs = 0;
          // What it began meanwhile goes on, flush by flush.
          this.#stood(tab.worker.busyUntilMs - this.#browser.nowMs);
        });
        return;
      case 'fault':
        return this.#inject(act);
      case 'noise':
        return tab.worker.host.channels?.open(`tabs:${STORE}`, () => undefined).post(act.message);
      case 'powerCut':
        if (act.ops === 0) this.#boot(act.choice);
        else disk.crashAt(disk.opCount + act.ops);
    }
  }

  /** A page that is seen again asks how the store stands, and so takes it back. */
  #shown(tab: Tab): void {
    this.#awayTabs--;
    if (tab.isUsable) tab.do((page) => page.whenOpen(() => void page.status()));
  }

  #inject({ on, skip }: Extract<Act, { kind: 'fault' }>): void {
    const site = on === 'short' ? 'write' : on;
    const effect = on === 'short' ? { short: 'half' as const } : { throws: 'io' as const };
    this.#faults.push(this.#browser.disk.inject({ on: site, skip, effect }));
    this.#history.losses.push({ atMs: Infinity });
    this.#stood(Infinity);
  }

  /** From now on, for so long, a call may run into its deadline. */
  #stood(ms: number): void {
    const { nowMs } = this.#browser;
    this.#history.stops.push({ fromMs: nowMs, toMs: nowMs + ms });
  }

  async #recover(): Promise<void> {
    for (const fault of this.#faults) fault.cancel();
    for (const tab of this.#tabs) {
      if (tab === undefined) continue;
      tab.thaw();
      tab.worker.flushMs = 0;
      tab.worker.diesAfterOps = Infinity;
    }
    this.#browser.disk.crashAt(Infinity);
    this.#browser.lostPerMille = 0;
    // Whoever is still busy with a slow file can do nothing before, and has the file even if it is dead.
    const busyUntilMs = this.#workers.map((worker) => worker.busyUntilMs);
    await this.#pass(Math.max(0, ...busyUntilMs) - this.#browser.nowMs);
    this.#recoveredMs = this.#browser.nowMs + RECOVERY_MS;
    await this.#settled(this.#recoveredMs);
  }

  /** Everybody must be served now. Whose tail must have come to the end. */
  async #appendLast(): Promise<ReadonlySet<number>> {
    const { violations, appends } = this.#history;
    const following = new Set<number>();
    for (let index = 0; index < this.#tabs.length; index++) {
      const tab = this.#tab(index);
      following.add(tab.page.client);
      const { page } = tab;
      if (page.pendingCalls > 0)
        violations.push(`E7: ${page.pendingCalls} calls of client ${page.client} never ended`);
    }
    await this.#settled(this.#recoveredMs + LAST_APPEND_MS);
    const before = appends.length;
    for (const tab of this.#tabs)
      tab?.do((page) =>
        page.whenOpen(() => {
          page.append({ records: 1, bytes: 8, durability: 'strict' });
          void page.status();
        }),
      );
    const isServed = (): boolean => this.#isServed(appends.slice(before), following);
    await this.#settled(this.#recoveredMs + 2 * LAST_APPEND_MS, isServed);
    const leaders = this.#tabs.filter((tab) => tab?.page.role === 'leader');
    if (leaders.length !== 1)
      violations.push(`role: ${leaders.length} tabs say that they lead in the end`);
    else if (this.#browser.locks.holderOf(lockName(STORE)) !== leaders[0]!.worker)
      violations.push('role: who leads in the end does not have the lock');
    for (const fact of appends.slice(before)) {
      if (fact.lsn === undefined)
        violations.push(
          `progress: client ${fact.client} is not served in the end (${fact.error?.code ?? 'no answer'})`,
        );
    }
    const unserved = this.#tabs.length - (appends.length - before);
    if (unserved > 0)
      violations.push(`progress: ${unserved} tabs cannot open the store in the end`);
    return following;
  }

  /** Everybody's append is in the log, and everybody's tail has seen them all. */
  #isServed(appends: readonly AppendFact[], following: ReadonlySet<number>): boolean {
    const lsns = appends.map(({ lsn }) => lsn ?? Infinity);
    const end = Math.max(...lsns);
    const tails = this.#history.tails.filter(({ client }) => following.has(client));
    return (
      appends.length === this.#tabs.length &&
      tails.every(({ hasLagged, records }) => hasLagged || (records.at(-1)?.lsn ?? 0) >= end)
    );
  }

  async #finalLog(): Promise<{ firstLsn: number; records: readonly SeenRecord[] }> {
    for (const tab of this.#tabs) tab?.kill();
    const reader = this.#browser.context('reader');
    await this.#pass(GIVE_BACK_MS);
    let store: Store | undefined;
    let failure: unknown;
    openStore(reader.host, STORE, { ...SMALL, scrub: false }).then(
      (opened) => (store = opened),
      (error: unknown) => (failure = error),
    );
    await this.#pass(GIVE_BACK_MS);
    if (store === undefined) {
      this.#history.violations.push(
        `E1: the store cannot be opened in the end (${String(failure)})`,
      );
      return { firstLsn: 1, records: [] };
    }
    const opened: Store = store;
    const { firstLsn } = opened.status();
    const records: SeenRecord[] = [];
    for (let after = firstLsn - 1; ;) {
      const chunk = opened.readChunk({ after, visibility: 'written', maxBytes: PIECE_BYTES });
      const whole = async (lsn: number): Promise<Uint8Array> =>
        opened.readUnit(lsn, 0, PIECE_BYTES).bytes;
      records.push(...(await recordsIn(recordsOf(chunk), whole)));
      after = records.at(-1)?.lsn ?? after;
      if (chunk.done) return { firstLsn, records };
    }
  }
}

const TRACED_CHARACTERS = 300;

function shown(message: unknown): string {
  const plain = (_: string, value: unknown): unknown =>
    value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? `${value.byteLength} B` : value;
  return (JSON.stringify(message, plain) ?? '').slice(0, TRACED_CHARACTERS);
}

/** So that a simulation costs little, and limits are met. */
const SMALL = { maxStateBytes: 1024, scrub: false } as const;

const freshDisks = new Map<string, Promise<SimulatedDisk>>();

/** A machine on which the store was made a while ago: whether it survives its birth is not our question. */
function freshDisk({
  profile,
  segmentSizeBytes,
  alignmentBytes,
  keep,
  durability,
}: Plan): Promise<SimulatedDisk> {
  const key = [profile, segmentSizeBytes, alignmentBytes].join();
  let disk = freshDisks.get(key);
  if (disk === undefined) {
    disk = (async () => {
      const machine = new SimulatedDisk({ profile, record: false });
      const options = { segmentSizeBytes, alignmentBytes, keep, durability, ...SMALL };
      const store = await openStore(machine.host(), STORE, options);
      await store.close();
      machine.advance(NAMES_AGE_MS);
      return machine;
    })();
    freshDisks.set(key, disk);
  }
  return disk;
}

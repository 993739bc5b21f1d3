/**
 * A machine with its browser and its tabs: lets happen to them what is to happen, and lets them recover.
 *
 * Always true:
 * - equal worlds give equal runs
 * - once it has recovered nobody is stopped, and no fault is left
 */
import {
  type InjectedFault,
  SimulatedBrowser,
  type SimulatedContext,
  type SimulatedDisk,
} from '@varve/files/simulated';
import { SimulatedIntroducer } from './introducing.ts';
import type { MachineHistory } from './machine-history.ts';
import { copyOf } from './message-copy.ts';
import { type AnyPage, type Application, Tab } from './tab.ts';
import type { LifeAct, World } from './world.ts';

export const STORE = 'log';
/** Names older than a minute are taken for persisted. */
export const NAMES_AGE_MS = 61_000;
/** Longer than any call may wait for a leader, and than what was frozen needs to find its place. */
export const RECOVERY_MS = 12_000;
/** A dead worker's files are given back within it. */
export const GIVE_BACK_MS = 3_000;
/** Once all is answered, so long it goes on: a link that is silent is made anew within it. */
const QUIET_MS = 2_000;
const LOOK_MS = 250;
/** Of so many seeds one waits to the end of each time, answered or not. */
const PATIENT_EVERY = 16;
const HIDING_MS = 30;
const PARKED_MS = 400;

export type Trace = (line: string) => void;

/** What a run came to. */
export interface Outcome {
  readonly violations: readonly string[];
  readonly history: MachineHistory;
  /** Appends, or changes of a volume. */
  readonly acknowledged: number;
  /** Of a log in the end. */
  readonly records: number;
  /** Reads and tails that were judged. */
  readonly looks: number;
  readonly virtualMs: number;
}

/** A tick's turn comes when no promise has anything left to do: as `setImmediate`, without a round of the event loop. */
const settle = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

export interface MachineContext<P> extends Application<P> {
  readonly world: World<unknown>;
  readonly disk: SimulatedDisk;
  readonly history: MachineHistory;
  /** A new page opens what it is to use. */
  opens(page: P): void;
  readonly trace: Trace | undefined;
}

export class Machine<P extends AnyPage> {
  readonly browser: SimulatedBrowser;
  readonly tabs: (Tab<P> | undefined)[] = [];
  /** Whoever recovers must have done so by then. */
  recoveredMs = 0;
  readonly #context: MachineContext<P>;
  readonly #world: World<unknown>;
  readonly #history: MachineHistory;
  readonly #startMs: number;
  #introducer: SimulatedIntroducer | undefined;
  /** All there ever were. */
  readonly #workers: SimulatedContext[] = [];
  #faults: InjectedFault[] = [];
  #lastClient = 0;
  /** Tabs that are to be seen again. */
  #awayTabs = 0;

  constructor(context: MachineContext<P>) {
    const { world, disk, history, trace } = context;
    this.#context = context;
    this.#world = world;
    this.#history = history;
    this.#startMs = disk.time.nowMs();
    this.browser = new SimulatedBrowser({
      ...world,
      disk,
      settle,
      clone: copyOf,
      ...(trace && {
        trace: (what: string, about: unknown) =>
          trace(`${this.elapsedMs.toFixed(1)} ${what} ${about === undefined ? '' : shown(about)}`),
      }),
    });
    if (world.hasPorts) this.#introducer = new SimulatedIntroducer(world);
    // Where messages get lost, everything takes longer.
    if (world.lostPerMille > 0) this.#stood(Infinity);
  }

  /** How many pages there ever were: theirs are the numbers from 1 on. */
  get clients(): number {
    return this.#lastClient;
  }

  get elapsedMs(): number {
    return this.browser.nowMs - this.#startMs;
  }

  /** Lets time go by until so much of it has. */
  async passTo(elapsedMs: number): Promise<void> {
    await this.pass(this.#startMs + elapsedMs - this.browser.nowMs);
  }

  /** Lets time go by; a machine that lost power on the way boots again. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.browser.nowMs + Math.max(0, ms);
    while (!(await this.browser.run(untilMs - this.browser.nowMs))) this.#boot('r1');
  }

  /** Lets time go by until then; or, as soon as all is done and answered, for a while longer. */
  async settled(untilMs: number, isDone = (): boolean => true): Promise<void> {
    const isPatient = this.#world.seed % PATIENT_EVERY === 0;
    for (let quietMs = 0; quietMs < QUIET_MS || isPatient;) {
      const leftMs = untilMs - this.browser.nowMs;
      if (leftMs <= 0) return;
      const stepMs = Math.min(LOOK_MS, leftMs);
      await this.pass(stepMs);
      const isAnswered = this.tabs.every(
        (tab) => tab?.isUsable !== true || tab.page.pendingCalls === 0,
      );
      quietMs = isAnswered && this.#awayTabs === 0 && isDone() ? quietMs + stepMs : 0;
    }
  }

  /** One that can be asked for something: a new one, if need be. */
  tab(index: number): Tab<P> {
    const known = this.tabs[index];
    if (known?.isUsable === true) return known;
    if (known?.isAlive === true) known.kill();
    const tab = new Tab<P>(this.browser, ++this.#lastClient, this.#context, this.#introducer);
    this.tabs[index] = tab;
    this.#workers.push(tab.worker);
    tab.do((page) => this.#context.opens(page));
    return tab;
  }

  live(index: number, act: LifeAct): void {
    const { disk, nowMs, turns } = this.browser;
    const tab = this.tab(index);
    switch (act.kind) {
      case 'open':
        return;
      case 'close':
        return tab.do((page) => page.whenOpen(() => void page.close()));
      case 'kill':
        this.#stood(this.#world.releaseMs);
        return tab.kill();
      case 'terminate':
        this.#stood(this.#world.releaseMs);
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
          this.#stood(tab.worker.busyUntilMs - this.browser.nowMs);
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

  async recover(): Promise<void> {
    for (const fault of this.#faults) fault.cancel();
    for (const tab of this.tabs) {
      if (tab === undefined) continue;
      tab.thaw();
      tab.worker.flushMs = 0;
      tab.worker.diesAfterOps = Infinity;
    }
    this.browser.disk.crashAt(Infinity);
    this.browser.lostPerMille = 0;
    // Whoever is still busy with a slow file can do nothing before, and has the file even if it is dead.
    const busyUntilMs = this.#workers.map((worker) => worker.busyUntilMs);
    await this.pass(Math.max(0, ...busyUntilMs) - this.browser.nowMs);
    this.recoveredMs = this.browser.nowMs + RECOVERY_MS;
    await this.settled(this.recoveredMs);
  }

  /** Every tab there was, usable; of none a call may still be under way. The pages' clients. */
  served(): Set<number> {
    const { violations } = this.#history;
    const clients = new Set<number>();
    for (let index = 0; index < this.tabs.length; index++) {
      const { page } = this.tab(index);
      clients.add(page.client);
      if (page.pendingCalls > 0)
        violations.push(`E7: ${page.pendingCalls} calls of client ${page.client} never ended`);
    }
    return clients;
  }

  /** One leads, and the lock is its. */
  demandOneLeader(lock: string): void {
    const { violations } = this.#history;
    const leaders = this.tabs.filter((tab) => tab?.page.role === 'leader');
    if (leaders.length !== 1)
      violations.push(`role: ${leaders.length} tabs say that they lead in the end`);
    else if (this.browser.locks.holderOf(lock) !== leaders[0]!.worker)
      violations.push('role: who leads in the end does not have the lock');
  }

  /** Nobody is left but a reader, who may have what it likes. */
  async leaveAlone(): Promise<SimulatedContext> {
    for (const tab of this.tabs) tab?.kill();
    const reader = this.browser.context('reader');
    await this.pass(GIVE_BACK_MS);
    return reader;
  }

  #boot(choice: string): void {
    // Whoever kills the browser leaves the kernel its cache.
    if (this.#world.profile !== 'tab-kill') this.#history.losses.push({ atMs: this.browser.nowMs });
    this.#stood(0);
    this.browser.powerCut(choice);
    if (this.#world.hasPorts) this.#introducer = new SimulatedIntroducer(this.#world);
    this.tabs.fill(undefined);
  }

  /** A page that is seen again asks how the store stands, and so takes it back. */
  #shown(tab: Tab<P>): void {
    this.#awayTabs--;
    if (tab.isUsable) tab.do((page) => page.whenOpen(() => void page.status()));
  }

  #inject({ on, skip }: Extract<LifeAct, { kind: 'fault' }>): void {
    const site = on === 'short' ? 'write' : on;
    const effect = on === 'short' ? { short: 'half' as const } : { throws: 'io' as const };
    this.#faults.push(this.browser.disk.inject({ on: site, skip, effect }));
    this.#history.losses.push({ atMs: Infinity });
    this.#stood(Infinity);
  }

  /** From now on, for so long, a call may run into its deadline. */
  #stood(ms: number): void {
    const { nowMs } = this.browser;
    this.#history.stops.push({ fromMs: nowMs, toMs: nowMs + ms });
  }
}

const TRACED_CHARACTERS = 300;

function shown(message: unknown): string {
  const plain = (_: string, value: unknown): unknown =>
    value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? `${value.byteLength} B` : value;
  return (JSON.stringify(message, plain) ?? '').slice(0, TRACED_CHARACTERS);
}

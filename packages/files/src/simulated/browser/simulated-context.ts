/**
 * One context of a simulated browser: a page or a worker, with a host of its own.
 *
 * Always true:
 * - it runs only in its turns; what it has asked for while it is stopped, suspended or dead waits, or
 *   never comes
 * - `stopped` (SIGSTOP): nothing runs, all that is its own stays its own, what is sent to it waits;
 *   `suspended` (frozen by the browser): the same, but channels are not heard meanwhile
 * - once dead it changes nothing any more: whatever its code still tries throws or goes nowhere
 * - its locks are given back at once when it dies, its files a little later, as browsers do
 */
import type { Clock, Host, Timers } from '../../host.ts';
import { ContextDied } from './context-died.ts';
import { ContextDirectory } from './context-directory.ts';
import type { ContextFile } from './context-file.ts';
import { contextWitness } from './context-witness.ts';
import type { SimulatedBrowser } from './simulated-browser.ts';
import type { Turn, TurnOwner } from './turns.ts';
import { SimulatedDirectory } from '../simulated-directory.ts';
import { SeededRandom, seedOf } from '../seeded-random.ts';
import { SimulatedWitness } from '../simulated-witness.ts';

/** 2026-01-01T00:00:00Z: where the simulated wall clock starts. */
const EPOCH_MS = 1_767_225_600_000;
/** The browser hears of a death within this, ms. */
const DEATH_HEARD_MS = 30;
/** Most files are given back so soon after their context's death, ms. */
const QUICK_RELEASE_MS = 30;
/** A timer takes some time, or one that is set again for what is left could do so for ever, ms. */
const TIMER_MIN_MS = 0.01;

export class SimulatedContext implements TurnOwner, Clock, Timers {
  readonly name: string;
  readonly browser: SimulatedBrowser;
  readonly files = new Set<ContextFile>();
  readonly host: Host;
  busyUntilMs = 0;
  /** Each flush takes so long, ms. */
  flushMs = 0;
  /** Dies in the file operation after so many more. */
  diesAfterOps = Infinity;
  /** Told when it dies. */
  onDeath: () => void = () => undefined;
  #state: 'running' | 'stopped' | 'suspended' | 'dead' = 'running';
  #kept: Turn[] = [];
  #sentUntilMs = 0;
  #heardUntilMs = 0;
  #releasing: Promise<void> = Promise.resolve();

  constructor(browser: SimulatedBrowser, name: string) {
    this.browser = browser;
    this.name = name;
    const { disk } = browser;
    this.host = {
      kind: 'simulated',
      root: new ContextDirectory(this, new SimulatedDirectory(disk, '')),
      clock: this,
      random: new SeededRandom(seedOf(browser.options.seed, 'random', name)),
      timers: this,
      locks: browser.locks.of(this),
      witness: contextWitness(this, new SimulatedWitness(disk)),
      channels: browser.channels.of(this),
      closed: () => this.#releasing,
    };
  }

  get state(): 'running' | 'stopped' | 'suspended' | 'dead' {
    return this.#state;
  }

  get isAlive(): boolean {
    return this.#state !== 'dead' && !this.browser.disk.crashed;
  }

  nowMs(): number {
    return Math.max(this.browser.nowMs, this.busyUntilMs);
  }

  wallMs(): number {
    return this.nowMs() + EPOCH_MS;
  }

  after(delayMs: number, task: () => void): () => void {
    return this.browser.turns.at(this, this.nowMs() + Math.max(TIMER_MIN_MS, delayMs), task);
  }

  /** It is busy for so long with what it is doing now. */
  spend(ms: number): void {
    this.busyUntilMs = this.nowMs() + ms;
  }

  /** Waits as a call to the browser does. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.toBrowser(() => this.fromBrowser(resolve)));
  }

  /** Something for the browser to do, after all that was sent before. */
  toBrowser(task: () => void): void {
    if (!this.isAlive) return;
    const { browser } = this;
    this.#sentUntilMs = Math.max(this.#sentUntilMs, this.nowMs() + browser.delay());
    browser.turns.at(undefined, this.#sentUntilMs, task);
  }

  /** The browser tells this context something, after all that was told before. */
  fromBrowser(task: () => void): void {
    const { browser } = this;
    this.#heardUntilMs = Math.max(this.#heardUntilMs, browser.nowMs + browser.delay());
    browser.turns.at(this, this.#heardUntilMs, task);
  }

  keep(turn: Turn): void {
    this.#kept.push(turn);
  }

  freeze(how: 'stopped' | 'suspended'): void {
    if (this.#state !== 'running') return;
    this.#state = how;
    this.browser.trace(`${this.name} is ${how}`);
  }

  thaw(): void {
    if (this.#state !== 'stopped' && this.#state !== 'suspended') return;
    this.#state = 'running';
    this.browser.trace(`${this.name} runs again`);
    for (const turn of this.#kept.splice(0)) this.browser.turns.again(turn);
  }

  die(): void {
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    this.#kept = [];
    this.browser.trace(`${this.name} is dead`);
    this.onDeath();
    const { browser } = this;
    const { turns, random } = browser;
    turns.at(undefined, this.nowMs() + random.below(DEATH_HEARD_MS), () => {
      browser.locks.forget(this);
      browser.channels.forget(this);
    });
    const quick = random.below(4) > 0;
    const withinMs = quick ? QUICK_RELEASE_MS : browser.options.releaseMs;
    for (const file of this.files) {
      turns.at(undefined, this.nowMs() + random.below(withinMs + 1), () => file.release());
    }
  }

  /** A file is on its way back: `closed` waits for it. */
  releasing(release: () => void): void {
    this.#releasing = Promise.all([
      this.#releasing,
      new Promise<void>((resolve) => {
        this.toBrowser(() => {
          release();
          this.fromBrowser(resolve);
        });
      }),
    ]).then(() => undefined);
  }

  /** @throws ContextDied */
  assertAlive(): void {
    if (!this.isAlive) throw new ContextDied(`${this.name} is dead`);
  }
}

/**
 * A browser with several contexts (tabs, their workers) on one simulated machine, by virtual time.
 *
 * Always true:
 * - equal seeds and equal calls give equal runs
 * - all contexts have one disk, one queue for each lock, one set of channels
 * - what a context sends reaches the browser, and what the browser sends reaches it, in order
 * - after a power cut every context is dead, and the machine that boots has what the disk kept
 */
import { BrowserChannels } from './browser-channels.ts';
import { BrowserLocks } from './browser-locks.ts';
import { SimulatedContext } from './simulated-context.ts';
import { Turns } from './turns.ts';
import { SeededRandom, seedOf } from '../seeded-random.ts';
import type { SimulatedDisk } from '../simulated-disk.ts';

export interface BrowserOptions {
  readonly seed: number;
  readonly disk: SimulatedDisk;
  /** Resolves when no promise is left that could settle by itself. */
  readonly settle: () => Promise<void>;
  /** The structured clone of a message. */
  readonly clone: (message: unknown) => unknown;
  /** A message is usually this long under way, at most, ms. Default 2. */
  readonly delayMs?: number;
  /** Of a hundred messages so many take up to twenty times as long. Default 2. */
  readonly slowPercent?: number;
  /** Of a thousand channel messages so many are lost on their way to one listener. Default 0. */
  readonly lostPerMille?: number;
  /** A dead context's files are given back within this, ms. Default 2,000. */
  readonly releaseMs?: number;
  /** Told what happens between contexts. */
  readonly trace?: (what: string, about: unknown) => void;
}

const SLOW_FACTOR = 20;

export class SimulatedBrowser {
  readonly turns: Turns;
  readonly random: SeededRandom;
  readonly locks = new BrowserLocks();
  readonly channels: BrowserChannels;
  readonly contexts: SimulatedContext[] = [];
  readonly options: Required<Omit<BrowserOptions, 'trace'>>;
  readonly trace: (what: string, about?: unknown) => void;
  disk: SimulatedDisk;
  /** Of a thousand channel messages so many are lost on their way to one listener. */
  lostPerMille: number;

  constructor(options: BrowserOptions) {
    this.trace = options.trace ?? ((): void => undefined);
    this.options = { delayMs: 2, slowPercent: 2, lostPerMille: 0, releaseMs: 2_000, ...options };
    this.disk = options.disk;
    this.lostPerMille = this.options.lostPerMille;
    this.turns = new Turns(options.disk.time.nowMs(), options.settle);
    this.random = new SeededRandom(seedOf(options.seed, 'browser'));
    this.channels = new BrowserChannels(this);
  }

  get nowMs(): number {
    return this.turns.nowMs;
  }

  context(name: string): SimulatedContext {
    const context = new SimulatedContext(this, name);
    this.contexts.push(context);
    return context;
  }

  /** How long the next message is under way, ms. */
  delay(): number {
    const { delayMs, slowPercent } = this.options;
    const limit = this.random.below(100) < slowPercent ? SLOW_FACTOR * delayMs : delayMs;
    return (this.random.below(1_000) / 1_000) * limit;
  }

  /** Lets `ms` go by; ends early, and says so, when the machine has lost power. */
  async run(ms: number): Promise<boolean> {
    const untilMs = this.nowMs + ms;
    // What the caller did just now may still be on its way through promises.
    await this.options.settle();
    while (!this.disk.crashed && (await this.turns.step(untilMs)));
    if (!this.disk.crashed) this.turns.nowMs = untilMs;
    this.disk.advance(this.nowMs - this.disk.time.nowMs());
    return !this.disk.crashed;
  }

  /** The machine loses power and boots again. `choice`: what of the unflushed persists (choices.ts). */
  powerCut(choice: string): void {
    for (const context of this.contexts) context.die();
    this.locks.forgetAll();
    this.channels.forgetAll();
    this.disk = this.disk.powerCut(choice, { profile: this.disk.profile, record: false });
  }
}

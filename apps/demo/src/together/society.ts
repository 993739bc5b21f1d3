/**
 * This tab among the tabs that have the logbook open: what it is, what all of them write, and whether
 * the numbers hold.
 *
 * Always true:
 * - what is counted comes from the log's tail, whoever wrote it; nobody is believed but the log
 * - one switch turns the writing on and off in all tabs, those that come later included
 */
import type { LiveStore } from '../live-store.ts';
import { PulseType, type LogbookRecord } from '../logbook/entries.ts';
import { TailFeed } from '../tail-feed.ts';
import { Emitter } from '../ui/emitter.ts';
import { hasCode } from '../ui/failure.ts';
import { count, duration } from '../ui/format.ts';
import { PulseCheck } from './pulse-check.ts';
import { PulseWriter } from './pulse-writer.ts';
import { Roster } from './roster.ts';
import { labelFor, type Moment, type TabState } from './words.ts';

/** So long the worker stays away after a crash on purpose: time enough to see somebody else lead. */
const DOWN_MS = 1_500;
/** Arrivals older than this are drawn nowhere. */
export const LANE_MS = 20_000;
const MOMENTS = 60;
/** An append that was answered so shortly before the new epoch was heard of has crossed it, too. */
const CROSSED_MS = 400;

export interface Arrival {
  readonly atMs: number;
  readonly epoch: number;
}

export interface Happening extends Moment {
  readonly atMs: number;
  readonly tab: string;
}

export interface Epoch {
  readonly number: number;
  readonly atMs: number;
}

export class Society {
  /** A tab came, went or is something else; a moment; the writing. Not: each number. */
  readonly changed = new Emitter<void>();
  readonly arrived = new Emitter<void>();
  readonly check = new PulseCheck();
  readonly roster: Roster;
  readonly writer: PulseWriter;
  /** Newest first. */
  readonly happenings: Happening[] = [];
  readonly epochs: Epoch[] = [];
  readonly store: LiveStore<LogbookRecord>;
  readonly #arrivals = new Map<string, Arrival[]>();
  /** Labels of all tabs that were ever heard of. */
  readonly #labels = new Map<string, string>();
  readonly #feed: TailFeed<LogbookRecord>;
  #seedId = '';
  #epoch = 0;
  #state: TabState = 'opening';
  #lastWait = { waitedMs: 0, atMs: 0, number: 0 };
  #isCrossing = false;
  /** Its own worker was gone or its store closed, so that its wait is no measure of the takeover. */
  #wasAway = false;

  constructor(store: LiveStore<LogbookRecord>) {
    this.store = store;
    const id = crypto.randomUUID();
    const label = labelFor(id, []);
    this.roster = new Roster({ id, label, state: 'opening', epoch: 0, isWriting: false });
    this.writer = new PulseWriter(id, store);
    this.#feed = new TailFeed(store, PulseType, ({ value }) => this.#take(value));
    store.changed.on(() => this.#look());
    this.writer.changed.on(() => this.#look());
    this.writer.answered.on(({ number, waitedMs }) => this.#answered(number, waitedMs));
    this.roster.changed.on(() => this.#met());
    this.roster.writing.on((on) => this.#write(on));
    this.roster.moments.on(({ tab, moment }) => this.#add(tab, moment));
    this.#look();
  }

  get state(): TabState {
    return this.#state;
  }

  get epoch(): number {
    return this.#epoch;
  }

  labelOf(tab: string): string {
    return this.#labels.get(tab) ?? `tab ${tab.slice(0, 4)}`;
  }

  arrivalsOf(tab: string): readonly Arrival[] {
    return this.#arrivals.get(tab) ?? [];
  }

  keepWriting(on: boolean): void {
    this.roster.setWriting(on);
  }

  crash(): void {
    this.roster.happened({ tone: 'alarm', text: 'crashes its worker' });
    this.store.crash(DOWN_MS);
  }

  async handOver(): Promise<void> {
    this.roster.happened({ tone: 'watch', text: 'hands over' });
    await this.store.handOver();
  }

  #write(on: boolean): void {
    if (on) this.writer.start();
    else this.writer.stop();
  }

  #met(): void {
    const { all, own } = this.roster;
    for (const { id, label } of all) this.#labels.set(id, label);
    const othersWrite = all.some(({ id, isWriting }) => id !== own.id && isWriting);
    if (othersWrite && this.writer.number === 0) this.writer.start();
    this.changed.emit();
  }

  /** What the store is to this tab now. */
  #look(): void {
    const { log, phase } = this.store;
    const before = this.#state;
    this.#state = this.#stateNow();
    if (log !== undefined && phase === 'open') this.#lookAt(log.status());
    const isAway = this.#state === 'down' || this.#state === 'opening';
    if (isAway && this.#epoch > 0) this.#wasAway = true;
    if (this.#state !== before) this.#tell(before);
    const { isWriting } = this.writer;
    this.roster.tell({ state: this.#state, epoch: this.#epoch, isWriting });
    this.changed.emit();
  }

  #stateNow(): TabState {
    const { phase, failure, log } = this.store;
    const isSilent = (error: unknown): boolean => hasCode(error, 'LEADER_UNRESPONSIVE');
    if (phase === 'open' && log !== undefined)
      return isSilent(this.writer.failure) ? 'silent' : log.status().role;
    if (phase === 'failed') return isSilent(failure) ? 'silent' : 'failed';
    return phase === 'down' ? 'down' : 'opening';
  }

  #lookAt({
    seedId,
    lastLsn,
    generation,
  }: {
    seedId: string;
    lastLsn: number;
    generation: number;
  }): void {
    if (seedId !== this.#seedId) {
      this.#seedId = seedId;
      this.#epoch = 0;
      this.#feed.start(lastLsn);
    }
    if (generation <= this.#epoch) return;
    this.#isCrossing = this.#epoch > 0 && this.writer.isWriting;
    this.#epoch = generation;
    this.epochs.push({ number: generation, atMs: Date.now() });
  }

  #tell(before: TabState): void {
    const epoch = `epoch ${count(this.#epoch)}`;
    if (this.#state === 'leader')
      this.roster.happened({
        tone: 'calm',
        text: before === 'follower' ? `leads now: ${epoch}` : `leads: ${epoch}`,
      });
    if (this.#state === 'follower' && before !== 'silent')
      this.roster.happened({ tone: 'calm', text: `follows in ${epoch}` });
    if (this.#state === 'silent')
      this.roster.happened({ tone: 'alarm', text: 'gets no answer from the leader' });
    if (this.#state === 'failed')
      this.roster.happened({ tone: 'alarm', text: 'could not open the store' });
  }

  #answered(number: number, waitedMs: number): void {
    const last = this.#lastWait;
    const nowMs = performance.now();
    this.#lastWait = { waitedMs, atMs: nowMs, number };
    if (!this.#isCrossing) return;
    this.#isCrossing = false;
    const isRecent = nowMs - last.atMs < CROSSED_MS && last.waitedMs > waitedMs;
    const longest = isRecent ? last : this.#lastWait;
    const across = this.#wasAway ? 'until this tab was back' : 'across it';
    this.#wasAway = false;
    const text = `number ${count(longest.number)} waited ${duration(longest.waitedMs)} ${across}`;
    this.roster.happened({ tone: 'calm', text });
  }

  #take(value: LogbookRecord): void {
    if (value.kind !== 'pulse') return;
    const atMs = Date.now();
    this.check.take(value);
    const lane = this.#arrivals.get(value.tab) ?? [];
    while (lane.length > 0 && lane[0]!.atMs < atMs - LANE_MS - 1_000) lane.shift();
    lane.push({ atMs, epoch: this.#epoch });
    this.#arrivals.set(value.tab, lane);
    this.arrived.emit();
  }

  #add(tab: string, moment: Moment): void {
    this.happenings.unshift({ ...moment, tab, atMs: Date.now() });
    this.happenings.length = Math.min(this.happenings.length, MOMENTS);
    this.changed.emit();
  }
}

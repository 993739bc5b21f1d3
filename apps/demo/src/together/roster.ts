/**
 * Which tabs of the demo are here, what each is, and what happened to them: told by the tabs
 * themselves over a channel of the demo's own.
 *
 * Always true:
 * - a tab is in the roster from its first word until its life lock is free: a crashed tab's, too
 * - of two tabs with one label the one with the greater id takes another
 * - words that are none, or of another build, are not heard
 */
import { Emitter } from '../ui/emitter.ts';
import { isWord, labelFor, type Moment, type TabFacts, type Word } from './words.ts';

const CHANNEL = 'varve-demo-tabs';
const lifeLock = (id: string): string => `varve-demo-tab:${id}`;

export class Roster {
  readonly changed = new Emitter<void>();
  readonly moments = new Emitter<{ readonly tab: string; readonly moment: Moment }>();
  /** Somebody turned the writing of all tabs on or off. */
  readonly writing = new Emitter<boolean>();
  readonly #others = new Map<string, TabFacts>();
  #channel: BroadcastChannel | undefined;
  #own: TabFacts;
  #die: () => void = () => undefined;

  constructor(own: TabFacts) {
    this.#own = own;
    this.#enter();
    addEventListener('pagehide', () => this.#leave());
    addEventListener('pageshow', ({ persisted }) => persisted && this.#enter());
  }

  get own(): TabFacts {
    return this.#own;
  }

  /** This tab first, then the others by label. */
  get all(): readonly TabFacts[] {
    const others = [...this.#others.values()].sort((a, b) => a.label.localeCompare(b.label));
    return [this.#own, ...others];
  }

  get leader(): TabFacts | undefined {
    const leaders = this.all.filter(({ state }) => state === 'leader');
    return leaders.sort((a, b) => b.epoch - a.epoch)[0];
  }

  tell(own: Partial<TabFacts>): void {
    const now = { ...this.#own, ...own };
    if (JSON.stringify(now) === JSON.stringify(this.#own)) return;
    this.#own = now;
    this.#say({ kind: 'here', tab: now });
    this.changed.emit();
  }

  /** Something happened to this tab: everybody hears of it, this tab included. */
  happened(moment: Moment): void {
    const tab = this.#own.label;
    this.#say({ kind: 'moment', tab, moment });
    this.moments.emit({ tab, moment });
  }

  setWriting(on: boolean): void {
    this.#say({ kind: 'writing', on });
    this.writing.emit(on);
  }

  #enter(): void {
    this.#channel = new BroadcastChannel(CHANNEL);
    this.#channel.addEventListener('message', ({ data }) => this.#hear(data));
    // Held before anybody knows of us, so that nobody takes us for dead.
    void navigator.locks.request(lifeLock(this.#own.id), () => {
      this.#say({ kind: 'here', tab: this.#own });
      this.#say({ kind: 'who' });
      return new Promise<void>((die) => {
        this.#die = die;
      });
    });
  }

  #leave(): void {
    this.#channel?.close();
    this.#channel = undefined;
    this.#others.clear();
    this.#die();
  }

  #say(word: Word): void {
    this.#channel?.postMessage(word);
  }

  #hear(data: unknown): void {
    if (!isWord(data)) return;
    switch (data.kind) {
      case 'who':
        return this.#say({ kind: 'here', tab: this.#own });
      case 'here':
        return this.#meet(data.tab);
      case 'moment':
        return this.moments.emit(data);
      case 'writing':
        return this.writing.emit(data.on);
    }
  }

  #meet(tab: TabFacts): void {
    const isNew = !this.#others.has(tab.id);
    this.#others.set(tab.id, tab);
    if (isNew) this.#mourn(tab.id);
    if (tab.label === this.#own.label && tab.id < this.#own.id) {
      const taken = [...this.#others.values()].map(({ label }) => label);
      this.tell({ label: labelFor(this.#own.id, taken) });
    }
    this.changed.emit();
  }

  /** The lock is given to us when its tab has gone, however it went. */
  #mourn(id: string): void {
    void navigator.locks.request(lifeLock(id), { mode: 'shared' }, () => {
      const gone = this.#others.get(id);
      if (gone === undefined) return;
      this.#others.delete(id);
      this.moments.emit({ tab: gone.label, moment: { tone: 'alarm', text: 'is gone' } });
      this.changed.emit();
    });
  }
}

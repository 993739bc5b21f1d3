/**
 * What befell the machine and those on it, and what was seen to be wrong at once.
 *
 * Always true: it only writes down; what can be seen to be wrong at once is a violation at once.
 */
import type { VarveError } from '@varve/protocol';

/** What was written and not flushed may be gone since then. */
export interface Loss {
  readonly atMs: number;
}

/** Who stood still needs a while to find its place, and others to notice. */
const GRACE_MS = 15_000;

export interface Stopped {
  readonly fromMs: number;
  toMs: number;
}

/** A store of a leader, as far as the fence is concerned. */
export interface LedStore {
  status(): { readonly generation: number };
}

export class MachineHistory {
  readonly losses: Loss[] = [];
  /** When some context did not run, or a file was slow or failed. */
  readonly stops: Stopped[] = [];
  readonly violations: string[] = [];
  /** Kind of call and code of its error → how often. */
  readonly failures = new Map<string, number>();
  readonly events = new Map<string, number>();
  leaders = 0;
  #lastStore: LedStore | undefined;
  #lastGeneration = 0;

  failed(what: string, { code, message }: VarveError, atMs: number): void {
    count(this.failures, `${what} ${code}`);
    if (code === 'LEADER_UNRESPONSIVE') this.waited(atMs);
    if (code === 'BAD_MESSAGE') this.violations.push(`protocol: ${what} failed with ${message}`);
  }

  event(type: string): void {
    count(this.events, type);
  }

  /** A call ran into a deadline: only where somebody stood still meanwhile, or shortly before. */
  waited(sinceMs: number): void {
    if (!this.stops.some(({ toMs }) => toMs + GRACE_MS >= sinceMs))
      this.violations.push(`deadline: a call since ${sinceMs.toFixed(0)} ms was not answered`);
  }

  /** A worker leads: it has the store open. */
  opened(store: LedStore): void {
    const { generation } = store.status();
    if (generation <= this.#lastGeneration)
      this.violations.push(`generation: ${generation} was opened after ${this.#lastGeneration}`);
    this.#lastGeneration = generation;
    this.#lastStore = store;
    this.leaders++;
  }

  /**
   * A store acknowledged something. After a fault it may have opened anew by itself, which nobody
   * tells: its generation does.
   */
  stored(store: LedStore): void {
    const { generation } = store.status();
    const isNewer = generation > this.#lastGeneration;
    if (!isNewer && (store !== this.#lastStore || generation < this.#lastGeneration))
      this.violations.push(
        `fence: a deposed leader acknowledged in generation ${generation}, after ${this.#lastGeneration}`,
      );
    this.#lastStore = store;
    this.#lastGeneration = Math.max(this.#lastGeneration, generation);
  }

  /** Whether a promise of that moment, given before it was flushed, was made void by a crash. */
  isLost(atMs: number): boolean {
    return this.losses.some((loss) => loss.atMs >= atMs);
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

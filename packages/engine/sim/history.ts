/**
 * What the pages of one simulation asked for and were told, and what their workers did.
 *
 * Always true: it only writes down; the oracle judges. What can be seen to be wrong at once is a
 * violation at once.
 */
import type { Durability, VarveError } from '@varve/protocol';
import type { SeenRecord } from './values.ts';

export interface AppendFact {
  readonly client: number;
  /** Number of its first record among those of its client. */
  readonly first: number;
  readonly records: number;
  readonly durability: Durability | undefined;
  readonly expect: number | undefined;
  /** Others may append the same record under the same key. */
  readonly key?: string;
  readonly issuedMs: number;
  lsn: number | undefined;
  endedMs: number | undefined;
  error: VarveError | undefined;
}

export interface ReadFact {
  readonly client: number;
  readonly startedMs: number;
  /** Undefined: it did not come to its end. */
  endedMs: number | undefined;
  readonly records: SeenRecord[];
}

export interface TailFact {
  readonly client: number;
  /** What it was to read next was trimmed. */
  hasLagged: boolean;
  readonly records: SeenRecord[];
  /** When each record was seen, ms. */
  readonly seenMs: number[];
}

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

export class History {
  readonly appends: AppendFact[] = [];
  readonly reads: ReadFact[] = [];
  readonly tails: TailFact[] = [];
  readonly losses: Loss[] = [];
  /** When some context did not run, or a file was slow or failed. */
  readonly stops: Stopped[] = [];
  readonly violations: string[] = [];
  /** Kind of call and code of its error → how often. */
  readonly failures = new Map<string, number>();
  readonly events = new Map<string, number>();
  leaders = 0;
  coveredLsn = 0;
  #lastStore: LedStore | undefined;
  #lastGeneration = 0;

  append(fact: Omit<AppendFact, 'lsn' | 'endedMs' | 'error'>): AppendFact {
    const whole = { ...fact, lsn: undefined, endedMs: undefined, error: undefined };
    this.appends.push(whole);
    return whole;
  }

  acknowledged(fact: AppendFact, lsn: number, atMs: number): void {
    fact.lsn = lsn;
    fact.endedMs = atMs;
    if (fact.expect !== undefined && lsn !== fact.expect + 1) {
      this.violations.push(
        `compare-and-append: ${nameOf(fact)} was put at ${lsn} although ${fact.expect} was expected before it`,
      );
    }
  }

  refused(fact: AppendFact, error: VarveError, atMs: number): void {
    fact.error = error;
    this.failed('append', error, atMs);
    if (error.outcome === undefined)
      this.violations.push(`outcome: ${nameOf(fact)} failed with ${error.code} and no outcome`);
  }

  read(client: number, startedMs: number): ReadFact {
    const fact: ReadFact = { client, startedMs, endedMs: undefined, records: [] };
    this.reads.push(fact);
    return fact;
  }

  tail(client: number): TailFact {
    const fact: TailFact = { client, hasLagged: false, records: [], seenMs: [] };
    this.tails.push(fact);
    return fact;
  }

  tailed(fact: TailFact, records: readonly SeenRecord[], atMs: number): void {
    for (const record of records) {
      fact.records.push(record);
      fact.seenMs.push(atMs);
    }
  }

  checkpointed(lsn: number): void {
    this.coveredLsn = Math.max(this.coveredLsn, lsn);
  }

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

export const nameOf = ({ client, first, records }: AppendFact): string =>
  records === 1 ? `${client}:${first}` : `${client}:${first}–${first + records - 1}`;

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/**
 * What the pages of one simulation asked for and were told, and what their workers did.
 *
 * Always true: it only writes down; the oracle judges. What can be seen to be wrong at once is a
 * violation at once.
 */
import type { Durability, VarveError } from '@varve/protocol';
import { MachineHistory } from '../machine-history.ts';
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

export class History extends MachineHistory {
  readonly appends: AppendFact[] = [];
  readonly reads: ReadFact[] = [];
  readonly tails: TailFact[] = [];
  coveredLsn = 0;

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
}

export const nameOf = ({ client, first, records }: AppendFact): string =>
  records === 1 ? `${client}:${first}` : `${client}:${first}–${first + records - 1}`;

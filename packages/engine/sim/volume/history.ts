/**
 * What the pages of a volume's simulation asked for and were told.
 *
 * Always true: it only writes down; the oracle judges.
 */
import type { VarveError } from '@varve/protocol';
import { MachineHistory } from '../machine-history.ts';

/** One call that changes something. */
export interface ChangeFact {
  readonly client: number;
  /** Among the changes of its client. */
  readonly number: number;
  readonly kind: 'write' | 'trim' | 'snapshot' | 'delete';
  /** The snapshot that is written to; undefined: the origin. */
  readonly view: string | undefined;
  /** What of the client's own is written. */
  readonly registers: readonly number[];
  /** Of the snapshot that is made or deleted. */
  readonly name?: string;
  readonly issuedMs: number;
  endedMs: number | undefined;
  /** It succeeded. */
  isDone: boolean;
  error: VarveError | undefined;
}

interface Asked {
  readonly client: number;
  /** Number of the last change that its client had issued before. */
  readonly afterChange: number;
  readonly issuedMs: number;
  endedMs: number;
}

/** What one read showed, all of it of one moment. */
export interface Look extends Asked {
  readonly view: string | undefined;
  /** Registers by their cells' names (`registers.ts`) → number of the change that they show; 0: zeros. */
  readonly seen: ReadonlyMap<string, number>;
}

export interface Listing extends Asked {
  readonly names: readonly string[];
}

export class VolumeHistory extends MachineHistory {
  readonly changes: ChangeFact[] = [];
  readonly looks: Look[] = [];
  readonly listings: Listing[] = [];

  change(fact: Omit<ChangeFact, 'endedMs' | 'isDone' | 'error'>): ChangeFact {
    const whole = { ...fact, endedMs: undefined, isDone: false, error: undefined };
    this.changes.push(whole);
    return whole;
  }

  done(fact: ChangeFact, atMs: number): void {
    fact.endedMs = atMs;
    fact.isDone = true;
  }

  refused(fact: ChangeFact, error: VarveError, atMs: number): void {
    fact.endedMs = atMs;
    fact.error = error;
    this.failed(fact.kind, error, atMs);
  }

  /** A snapshot was read that is not there. */
  missing(name: string, untilMs: number): void {
    const made = this.changes.find((fact) => fact.kind === 'snapshot' && fact.name === name);
    const isDeleted = this.changes.some(
      (fact) => fact.kind === 'delete' && fact.name === name && fact.issuedMs <= untilMs,
    );
    if (made?.isDone === true && !isDeleted)
      this.violations.push(`V5: ${nameOf(made)} was made, and cannot be read`);
  }
}

export const nameOf = ({ kind, client, number }: ChangeFact): string =>
  `${kind} ${client}:${number}`;

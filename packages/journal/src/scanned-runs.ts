/**
 * The client runs that a recovery meets on its way, until it is clear which of them count.
 *
 * Always true:
 * - in the order of the log; none of a record that a restart has withdrawn
 * - when there are many, those that the log itself proves have gone into the table
 */
import type { BatchHeader } from './batch.ts';
import { type ClientRun, copyRun, newClientRun } from './client-run.ts';
import type { ClientTable } from './client-table.ts';

export interface ScannedRun {
  readonly run: ClientRun;
  readonly firstLsn: number;
  readonly count: number;
  readonly generation: number;
}

/** So many are not kept while some of them are proven by what came after. */
const RUNS_MANY = 1_024;

export class ScannedRuns {
  private noted: ScannedRun[] = [];
  private durableLsn = 0;
  private many = RUNS_MANY;
  private readonly table: ClientTable;

  /** `table` is what it was at `scanStart`. */
  constructor(table: ClientTable) {
    this.table = table;
  }

  /** Of a batch of records that the scan has just accepted. */
  note({ run, firstLsn, count, generation, durableLsn }: BatchHeader): void {
    // The word of a batch in the log: of what a superblock calls durable, a restart that is still to
    // come may say that it was written anew.
    this.durableLsn = Math.max(this.durableLsn, durableLsn);
    if (run.groups === 0) return;
    const kept = newClientRun();
    copyRun(kept, run);
    this.noted.push({ run: kept, firstLsn, count, generation });
    if (this.noted.length > this.many) this.applyProven();
  }

  /** A restart goes on after `lastLsn`. Returns what was there before it, should it come to nothing. */
  restart(lastLsn: number): readonly ScannedRun[] {
    const before = this.noted;
    this.noted = before.filter((scanned) => lastOf(scanned) <= lastLsn);
    return before;
  }

  restore(before: readonly ScannedRun[]): void {
    this.noted = [...before];
  }

  /** Brings the table up to the end of the log. */
  apply(): void {
    for (const { run, firstLsn, count, generation } of this.noted)
      this.table.apply(run, firstLsn, count, generation);
    this.noted = [];
  }

  private applyProven(): void {
    const all = this.noted;
    const open = all.findIndex((scanned) => lastOf(scanned) > this.durableLsn);
    const rest = open < 0 ? [] : all.slice(open);
    this.noted = open < 0 ? all : all.slice(0, open);
    this.apply();
    this.noted = rest;
    this.many = Math.max(RUNS_MANY, 2 * rest.length);
  }
}

const lastOf = ({ firstLsn, count }: ScannedRun): number => firstLsn + count - 1;

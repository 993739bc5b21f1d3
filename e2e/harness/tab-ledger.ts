/**
 * What one tab told the test process.
 *
 * Always true: what stands here had left the tab before anything was killed. What it knew and could
 * not say any more is "unknown".
 */
import type { TabRead, TabReport, TabRole, TabRow } from '../app/tab-report.ts';

export interface TabAcknowledgement {
  readonly lane: number;
  readonly index: number;
  readonly lsn: number;
  readonly atMs: number;
}

export interface TabRefusal {
  readonly lane: number;
  readonly index: number;
  readonly code: string;
  readonly outcome: string;
}

export class TabLedger {
  readonly tab: number;
  /** Per writer: operations below this index may have been issued. */
  readonly reserved: [number, number] = [0, 0];
  readonly issued: [number, number] = [0, 0];
  readonly acknowledged: TabAcknowledgement[] = [];
  readonly refused: TabRefusal[] = [];
  readonly tail: TabRow[] = [];
  readonly reads: TabRead[] = [];
  readonly roles: TabRole[] = [];
  readonly wrong: string[] = [];
  /** How it died; what it issued and nobody answered may be there or not. */
  died: string | undefined;
  /** Calls that had not ended when the tab was told to stop and had waited; a dead tab's do not count. */
  unended = 0;
  readonly #onChange: () => void;

  constructor(tab: number, onChange: () => void = () => undefined) {
    this.tab = tab;
    this.#onChange = onChange;
  }

  take(report: TabReport): void {
    for (const lane of [0, 1] as const) {
      this.reserved[lane] = Math.max(this.reserved[lane], report.reserved[lane]);
      this.issued[lane] = Math.max(this.issued[lane], report.issued[lane]);
    }
    for (const [lane, index, lsn, atMs] of report.acknowledged)
      this.acknowledged.push({ lane, index, lsn, atMs });
    for (const [lane, index, code, outcome] of report.refused)
      this.refused.push({ lane, index, code, outcome });
    this.tail.push(...report.tail);
    this.reads.push(...report.reads);
    this.roles.push(...report.roles);
    this.wrong.push(...report.wrong);
    this.#onChange();
  }

  /** Operations issued and not answered, as far as the tab could say. */
  inFlight(): number {
    return this.issued[0] + this.issued[1] - this.acknowledged.length - this.refused.length;
  }
}

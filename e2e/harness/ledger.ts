/**
 * What one round's page told the test process.
 *
 * Always true: what stands here had left the page before anything was killed. What the page knew
 * and could not say any more is "unknown": it may or may not be recovered.
 */
import type { AppendReport, HouseReport, Report } from '../app/ack-channel.ts';

export interface Acknowledgement {
  readonly writer: number;
  readonly index: number;
  readonly lsn: number;
}

export interface Refusal {
  readonly writer: number;
  readonly index: number;
  readonly code: string;
  readonly outcome: string;
}

/** A checkpoint that may have been written; it stands for everything up to `upTo`. */
export interface CheckpointEntry {
  readonly step: number;
  readonly upTo: number;
  acknowledged: boolean;
}

export interface TrimEntry {
  readonly before: number;
  acknowledged: boolean;
}

export class Ledger {
  /** Per writer: operations below this index may have been issued. */
  readonly reserved = [0, 0];
  /** Per writer: operations below this index were issued. */
  readonly issued = [0, 0];
  readonly acknowledged: Acknowledgement[] = [];
  readonly refused: Refusal[] = [];
  /** In the order of issue; only the last one can be unanswered. */
  readonly checkpoints: CheckpointEntry[] = [];
  readonly trims: TrimEntry[] = [];
  /** Checkpoints and trims that were refused. */
  readonly houseRefused: { readonly what: string; readonly code: string }[] = [];
  #closed = false;
  #listeners = new Set<() => void>();

  /** Reports after this are of a page that was already judged. */
  close(): void {
    this.#closed = true;
  }

  take(report: Report): void {
    if (this.#closed) return;
    if (report.kind === 'appends') this.#takeAppends(report);
    else this.#takeHouse(report);
    for (const listener of this.#listeners) listener();
  }

  #takeAppends(report: AppendReport): void {
    report.reserved.forEach((value, writer) => {
      this.reserved[writer] = Math.max(this.reserved[writer]!, value);
    });
    report.issued.forEach((value, writer) => {
      this.issued[writer] = Math.max(this.issued[writer]!, value);
    });
    for (const [writer, index, lsn] of report.acknowledged) {
      this.acknowledged.push({ writer, index, lsn });
    }
    for (const [writer, index, code, outcome] of report.refused) {
      this.refused.push({ writer, index, code, outcome });
    }
  }

  #takeHouse(report: HouseReport): void {
    if (report.kind === 'refused') {
      this.houseRefused.push(report);
    } else if (report.stage === 'acknowledged') {
      (report.kind === 'trim' ? this.trims : this.checkpoints).at(-1)!.acknowledged = true;
    } else if (report.kind === 'trim') {
      this.trims.push({ before: report.before, acknowledged: false });
    } else {
      const { step, upTo } = report;
      this.checkpoints.push({ step, upTo, acknowledged: false });
    }
  }

  /** Operations issued and not answered, as far as the page could say. */
  inFlight(): number {
    const issued = this.issued[0]! + this.issued[1]!;
    return issued - this.acknowledged.length - this.refused.length;
  }

  /** Resolves true when `condition` holds, false at the deadline. */
  until(condition: (ledger: this) => boolean, deadlineMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (held: boolean): void => {
        clearTimeout(timer);
        this.#listeners.delete(check);
        resolve(held);
      };
      const check = (): void => {
        if (condition(this)) end(true);
      };
      const timer = setTimeout(() => end(false), deadlineMs);
      this.#listeners.add(check);
      check();
    });
  }
}

/**
 * What a storm issued and what was acknowledged to it, written down outside the store.
 *
 * Always true:
 * - an append is in the ledger as issued before it is asked for
 * - an acknowledgement is in the ledger within the task that heard of it
 * - it lies in localStorage, which another process keeps: a killed tab does not take it along
 *
 * It does not claim to survive a power cut: that is the crash tests' business, not the demo's.
 */

const KEY = 'varve-demo-ledger';

export type StormEnd = 'running' | 'stopped' | 'worker killed' | 'failed';

export interface LedgerPage {
  /** Names the run: every record of the storm carries it. */
  readonly run: string;
  /** The log's last LSN before the storm. */
  readonly afterLsn: number;
  readonly startedMs: number;
  /** Per appender: the last sequence number issued and acknowledged. */
  readonly issued: number[];
  readonly acknowledged: number[];
  end: StormEnd;
}

export const total = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0);

export class Ledger {
  readonly page: LedgerPage;
  #turn: Promise<void> | undefined;
  #waiting: (() => void)[] = [];

  private constructor(page: LedgerPage) {
    this.page = page;
  }

  static begin(appenders: number, afterLsn: number): Ledger {
    const zeros = (): number[] => new Array<number>(appenders).fill(0);
    const run = crypto.randomUUID().slice(0, 8);
    const ledger = new Ledger({
      run,
      afterLsn,
      startedMs: Date.now(),
      issued: zeros(),
      acknowledged: zeros(),
      end: 'running',
    });
    ledger.#write();
    return ledger;
  }

  /** The ledger of a storm that nobody has judged yet, if there is one. */
  static find(): Ledger | undefined {
    const kept = localStorage.getItem(KEY);
    if (kept === null) return undefined;
    try {
      return new Ledger(JSON.parse(kept) as LedgerPage);
    } catch {
      localStorage.removeItem(KEY);
      return undefined;
    }
  }

  static forget(): void {
    localStorage.removeItem(KEY);
  }

  get issued(): number {
    return total(this.page.issued);
  }

  get acknowledged(): number {
    return total(this.page.acknowledged);
  }

  /** Resolves when the ledger says that `appender` issued its next record; returns its number. */
  async issue(appender: number): Promise<number> {
    const sequence = this.page.issued[appender]! + 1;
    this.page.issued[appender] = sequence;
    await this.#soon();
    for (const wake of this.#waiting.splice(0)) wake();
    return sequence;
  }

  /** Resolves when an append is about to be asked for. */
  nextIssue(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  acknowledge(appender: number, sequence: number): void {
    this.page.acknowledged[appender] = sequence;
    void this.#soon();
  }

  end(how: StormEnd): void {
    this.page.end = how;
    this.#write();
  }

  /** One write for everything that a task brings. */
  #soon(): Promise<void> {
    this.#turn ??= Promise.resolve().then(() => {
      this.#turn = undefined;
      this.#write();
    });
    return this.#turn;
  }

  #write(): void {
    localStorage.setItem(KEY, JSON.stringify(this.page));
  }
}

/**
 * How a page tells the test process what it may issue and what was acknowledged.
 *
 * Always true: when `report` returns, the test process has it (a synchronous request); so an
 * acknowledgement that a later kill finds here was truly out, and nothing was issued unannounced.
 */

/** One acknowledged operation: writer, index, first LSN. */
export type Acknowledged = readonly [writer: number, index: number, lsn: number];
/** One refused operation. */
export type Refused = readonly [writer: number, index: number, code: string, outcome: string];

/** Of the writers. */
export interface AppendReport {
  readonly kind: 'appends';
  /** Per writer: operations below this index may be issued from now on. */
  readonly reserved: readonly number[];
  /** Per writer: operations below this index have been issued. */
  readonly issued: readonly number[];
  readonly acknowledged: readonly Acknowledged[];
  readonly refused: readonly Refused[];
}

export type HouseCall =
  /** Checkpoints of a round are numbered 0, 1, 2 …; one is issued when the last was answered. */
  | { readonly kind: 'checkpoint'; readonly step: number; readonly upTo: number }
  | { readonly kind: 'trim'; readonly before: number };

/** Of the housekeeper: before it issues a call, and when that was answered. */
export type HouseReport =
  | (HouseCall & { readonly stage: 'issued' | 'acknowledged' })
  | { readonly kind: 'refused'; readonly what: HouseCall['kind']; readonly code: string };

export type Report = AppendReport | HouseReport;

export class AckChannel<R = Report> {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  report(report: R): void {
    const request = new XMLHttpRequest();
    request.open('POST', this.#url, false);
    request.send(JSON.stringify(report));
    if (request.status !== 204) throw new Error(`the test process answered ${request.status}`);
  }
}

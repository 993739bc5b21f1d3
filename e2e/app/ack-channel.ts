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

export interface Report {
  /** Per writer: operations below this index may be issued from now on. */
  readonly reserved: readonly number[];
  /** Per writer: operations below this index have been issued. */
  readonly issued: readonly number[];
  readonly acknowledged: readonly Acknowledged[];
  readonly refused: readonly Refused[];
}

export class AckChannel {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  report(report: Report): void {
    const request = new XMLHttpRequest();
    request.open('POST', this.#url, false);
    request.send(JSON.stringify(report));
    if (request.status !== 204) throw new Error(`the test process answered ${request.status}`);
  }
}

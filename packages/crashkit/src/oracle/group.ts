/**
 * Records that were issued together: all or nothing.
 *
 * Moments are counts of the device's operations (0 where there is no device). What happened at moment m
 * is known to a crash in operation `op` when m < op; `Infinity` is never.
 */
export class Group<T> {
  readonly values: readonly T[];
  /** The first record's number, from 1, over everything that was ever issued. */
  readonly firstRecord: number;
  readonly issuedAt: number;
  acknowledgedAt = Infinity;
  /** Its outcome is unknown and the store went on without an answer: it may be there or not. */
  unknownAt = Infinity;
  /** It must not be there: refused as not written, or absent after a recovery that was settled. */
  withdrawnAt = Infinity;

  constructor(values: readonly T[], firstRecord: number, issuedAt: number) {
    this.values = values;
    this.firstRecord = firstRecord;
    this.issuedAt = issuedAt;
  }

  /** Whether a crash in `op` may leave it behind at all. */
  isPossible(op: number): boolean {
    return this.issuedAt < op && this.withdrawnAt >= op;
  }

  /** Whether a crash in `op` must leave it behind. */
  isOwed(op: number): boolean {
    return this.acknowledgedAt < op && this.withdrawnAt >= op;
  }

  /** Whether what was issued after it may be there without it. */
  isOptional(op: number): boolean {
    return this.unknownAt < op && this.acknowledgedAt >= op;
  }
}

/**
 * What a workload issued and what was acknowledged: the oracle's memory.
 *
 * Always true:
 * - groups stand in the order in which they were issued; a group is all or nothing
 * - a group is owed by an image when it was acknowledged before the operation that the image crashed in
 */
export interface IssuedGroup {
  readonly firstLsn: number;
  /** One payload a record. */
  readonly payloads: readonly Uint8Array[];
  /** Operations issued by the device when it was acknowledged; Infinity: never. */
  ackedAtOp: number;
}

export interface IssuedCheckpoint {
  readonly state: Uint8Array;
  readonly coveredLsn: number;
  ackedAtOp: number;
}

export class History {
  readonly groups: IssuedGroup[] = [];
  readonly checkpoints: IssuedCheckpoint[] = [];
  /** Largest `before` given to a trim that was issued, and at which device operation. */
  readonly trims: { before: number; issuedAtOp: number }[] = [];
  /** Device operation after which the store existed for its user. */
  openedAtOp = Number.POSITIVE_INFINITY;
  keepsAll = true;

  get lastLsn(): number {
    const last = this.groups.at(-1);
    return last === undefined ? 0 : last.firstLsn + last.payloads.length - 1;
  }

  /** LSN up to which records are owed by an image that crashed in operation `op`. */
  owedLsn(op: number): number {
    let owed = 0;
    for (const group of this.groups) {
      if (group.ackedAtOp < op) owed = Math.max(owed, group.firstLsn + group.payloads.length - 1);
    }
    return owed;
  }

  payload(lsn: number): Uint8Array | undefined {
    for (const group of this.groups) {
      const index = lsn - group.firstLsn;
      if (index >= 0 && index < group.payloads.length) return group.payloads[index];
    }
    return undefined;
  }

  /** Whether a log may end at this LSN: no group is cut in two. */
  endsAtGroup(lsn: number): boolean {
    return lsn === 0 || this.groups.some(({ firstLsn, payloads }) => firstLsn + payloads.length - 1 === lsn);
  }
}

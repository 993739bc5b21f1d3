/**
 * What a workload issued, what was acknowledged and what was withdrawn: the oracle's memory.
 *
 * Moments are counts of device operations. An image that crashed in operation `op` has seen every
 * operation below `op`, and any part of `op` itself.
 *
 * Always true:
 * - groups stand in the order in which they were issued; a group is all or nothing
 * - a group is owed by an image when it was acknowledged before the operation the image crashed in
 * - a withdrawn group (a relaxed one that a crash took, or one whose append rejected with an unknown
 *   outcome) never comes back once the store has reopened without it: history branches there, and its
 *   LSNs are given out again
 */
import type { StampedMessage } from './clients.ts';
import { demand } from './violation.ts';

export interface IssuedGroup {
  firstLsn: number;
  /** One payload a record. */
  readonly payloads: readonly Uint8Array[];
  readonly issuedAtOp: number;
  /** Promised to survive a power cut; Infinity: never. */
  ackedAtOp: number;
  /** Promised to survive the death of the process. */
  writtenAtOp: number;
  withdrawnAtOp: number;
}

export interface IssuedCheckpoint {
  readonly state: Uint8Array;
  readonly coveredLsn: number;
  readonly issuedAtOp: number;
  ackedAtOp: number;
}

const before = (moment: number, op: number): number => (moment < op ? -1 : Infinity);

export class History {
  /** Every group ever issued; `live` are those that were not withdrawn. */
  readonly groups: IssuedGroup[] = [];
  readonly checkpoints: IssuedCheckpoint[] = [];
  /** What clients sent under stamps. */
  readonly messages: StampedMessage[] = [];
  /** Generations in which so many others came that clients may be forgotten. */
  readonly crowds: number[] = [];
  /** How often the clients have taken other names. */
  names = 0;
  /** Each trim that was issued: its `before`, and when. */
  readonly trims: { before: number; issuedAtOp: number }[] = [];
  /** When the store existed for its user. */
  openedAtOp = Infinity;
  /** Names made before are on the disk for certain. */
  namesSettledAtOp = Infinity;
  keepsAll = true;
  /** When the device first broke a promise of its own (a flush that lied): nothing is owed from then on. */
  liedAtOp = Infinity;
  /** When something other than a crash first happened to the device: a fault, or rot. */
  faultedAtOp = Infinity;

  get live(): IssuedGroup[] {
    return this.groups.filter(({ withdrawnAtOp }) => withdrawnAtOp === Infinity);
  }

  get lastLsn(): number {
    const last = this.groups.findLast(({ withdrawnAtOp }) => withdrawnAtOp === Infinity);
    return last === undefined ? 0 : lastOf(last);
  }

  /** The last LSN that was promised to survive a power cut before this moment. */
  owedTo(op: number): number {
    const last = this.live.findLast(({ ackedAtOp }) => ackedAtOp < op);
    return last === undefined || this.liedAtOp < op ? 0 : lastOf(last);
  }

  issue(payloads: readonly Uint8Array[], op: number): IssuedGroup {
    const group: IssuedGroup = {
      firstLsn: this.lastLsn + 1,
      payloads,
      issuedAtOp: op,
      ackedAtOp: Infinity,
      writtenAtOp: Infinity,
      withdrawnAtOp: Infinity,
    };
    this.groups.push(group);
    return group;
  }

  /** Its append rejected with `not-written`: it must never be seen, and its LSNs go to the next. */
  forget(group: IssuedGroup): void {
    const at = this.groups.indexOf(group);
    if (at < 0) return;
    this.groups.splice(at, 1);
    for (const later of this.groups.slice(at)) later.firstLsn -= group.payloads.length;
  }

  /** The store has reopened, and its log ends at `lsn`. What is there is served, and owed from now on. */
  reopened(lsn: number, op: number, processDied: boolean): void {
    for (const group of this.live) {
      if (lastOf(group) <= lsn) continue;
      const mayGo = group.ackedAtOp >= op || this.liedAtOp < op;
      demand(
        mayGo,
        'I1',
        `record ${group.firstLsn} was acknowledged and is gone after a reopening at ${lsn}`,
      );
      const died = processDied && group.writtenAtOp < op && this.liedAtOp >= op;
      demand(!died, 'I1', `record ${group.firstLsn} was written and did not survive its process`);
      group.withdrawnAtOp = op;
    }
    this.acknowledgeTo(lsn, op);
  }

  /** Everything up to `lsn` survives a power cut from now on. */
  acknowledgeTo(lsn: number, op: number): void {
    for (const group of this.live) {
      if (lastOf(group) > lsn) continue;
      group.ackedAtOp = Math.min(group.ackedAtOp, op);
      group.writtenAtOp = Math.min(group.writtenAtOp, op);
    }
  }

  private possibleAt(group: IssuedGroup, op: number): boolean {
    return group.issuedAtOp < op && group.withdrawnAtOp >= op;
  }

  /** LSN up to which records are owed by an image that crashed in operation `op`. */
  owedLsn(op: number, crash: 'process' | 'machine'): number {
    let owed = 0;
    for (const group of this.groups) {
      const moment = crash === 'process' ? group.writtenAtOp : group.ackedAtOp;
      if (moment < op && group.withdrawnAtOp >= op) owed = Math.max(owed, lastOf(group));
    }
    return owed;
  }

  /** Up to where the batches that an image of `op` owes prove that records were flushed. */
  provableLsn(op: number): number {
    const last = this.groups.findLast((group) => group.ackedAtOp < op && group.withdrawnAtOp >= op);
    if (last === undefined || last.issuedAtOp < 0) return 0;
    let provable = 0;
    for (const group of this.groups) {
      if (group.ackedAtOp <= last.issuedAtOp && group !== last)
        provable = Math.max(provable, lastOf(group));
    }
    return provable;
  }

  /** Greatest LSN that an image of `op` may hold. */
  lastPossibleLsn(op: number): number {
    let last = 0;
    for (const group of this.groups) {
      if (this.possibleAt(group, op)) last = Math.max(last, lastOf(group));
    }
    return last;
  }

  payload(lsn: number, op: number): Uint8Array | undefined {
    for (const group of this.groups) {
      const index = lsn - group.firstLsn;
      if (index >= 0 && index < group.payloads.length && this.possibleAt(group, op))
        return group.payloads[index];
    }
    return undefined;
  }

  /** Every payload that was ever issued for this LSN, in whatever branch. */
  payloadsEver(lsn: number): Uint8Array[] {
    return this.groups.flatMap(({ firstLsn, payloads }) => payloads[lsn - firstLsn] ?? []);
  }

  /** Whether a log may end at this LSN: no group is cut in two. */
  endsAtGroup(lsn: number, op: number): boolean {
    return (
      lsn === 0 || this.groups.some((group) => this.possibleAt(group, op) && lastOf(group) === lsn)
    );
  }

  /** The history that a machine begins with that boots from an image of `op`: the past is moment −1. */
  fork(op: number): History {
    const copy = new History();
    copy.keepsAll = this.keepsAll;
    copy.openedAtOp = before(this.openedAtOp, op);
    copy.liedAtOp = before(this.liedAtOp, op);
    copy.faultedAtOp = before(this.faultedAtOp, op);
    const copies = new Map<IssuedGroup | undefined, IssuedGroup>();
    for (const group of this.groups) {
      if (!this.possibleAt(group, op)) continue;
      const copied = {
        firstLsn: group.firstLsn,
        payloads: group.payloads,
        issuedAtOp: -1,
        ackedAtOp: before(group.ackedAtOp, op),
        writtenAtOp: before(group.writtenAtOp, op),
        withdrawnAtOp: Infinity,
      };
      copy.groups.push(copied);
      copies.set(group, copied);
    }
    copy.crowds.push(...this.crowds);
    copy.names = this.names;
    for (const message of this.messages) {
      if (message.issuedAtOp >= op) continue;
      copy.messages.push({
        ...message,
        issuedAtOp: -1,
        wasSent: true,
        answeredAtOp: before(message.answeredAtOp, op),
        groups: groupsAmong(message, copies),
        earlier: [],
      });
    }
    for (const checkpoint of this.checkpoints) {
      if (checkpoint.issuedAtOp >= op) continue;
      copy.checkpoints.push({
        ...checkpoint,
        issuedAtOp: -1,
        ackedAtOp: before(checkpoint.ackedAtOp, op),
      });
    }
    for (const trim of this.trims) {
      if (trim.issuedAtOp < op) copy.trims.push({ ...trim, issuedAtOp: -1 });
    }
    return copy;
  }
}

/** What stood for each group of a message when those of `copies` could be there. */
function groupsAmong(
  { groups, earlier }: StampedMessage,
  copies: ReadonlyMap<IssuedGroup | undefined, IssuedGroup>,
): (IssuedGroup | undefined)[] {
  const found = groups.map((group) => copies.get(group));
  for (const { index, group } of earlier) found[index] ??= copies.get(group);
  return Array.from(found);
}

function lastOf({ firstLsn, payloads }: IssuedGroup): number {
  return firstLsn + payloads.length - 1;
}

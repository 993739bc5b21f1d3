/**
 * Which history is still there: how far it may go, who holds it back, when its slots come free.
 *
 * Always true:
 * - what recovery, replay, the state, an open unit or a reader within its budget needs is there
 * - a slot is spare again only when both superblocks say that its segment is gone
 * - `lowWater` and `firstSegment` only grow
 */
import type { Geometry } from './geometry.ts';
import { firstNeededSegment, lowWaterFor, type RetentionFacts } from './retention.ts';
import type { SegmentTable } from './segment-table.ts';
import type { StoreOptions } from './store-port.ts';
import type { Superblock } from './superblock.ts';

/** What of the log is needed whatever the policy says. */
export type LogNeeds = Pick<
  RetentionFacts,
  'coveredLsn' | 'lastLsn' | 'scanSegment' | 'stateSegment' | 'tailSegment' | 'openUnitSegments'
>;

/** History after `lsn` stays, within the budget. */
export interface Holder {
  lsn: number;
}

export class History {
  /** History below this LSN may go. */
  lowWater: number;
  /** The oldest segment that counts. */
  firstSegment: number;
  private readonly holders = new Set<Holder>();
  /** Slots of segments that one superblock may still name. */
  private retired: { segment: number; slots: number[] }[] = [];
  private readonly table: SegmentTable;
  private readonly geometry: Geometry;
  private readonly options: Pick<StoreOptions, 'keep' | 'readerHoldBytes'>;
  private readonly needs: () => LogNeeds;

  constructor(
    { lowWater, firstSegment }: Pick<Superblock, 'lowWater' | 'firstSegment'>,
    table: SegmentTable,
    geometry: Geometry,
    options: Pick<StoreOptions, 'keep' | 'readerHoldBytes'>,
    needs: () => LogNeeds,
  ) {
    this.lowWater = lowWater;
    this.firstSegment = firstSegment;
    this.table = table;
    this.geometry = geometry;
    this.options = options;
    this.needs = needs;
  }

  get firstLsn(): number {
    const oldest = this.table.get(this.firstSegment);
    return Math.max(this.lowWater, (oldest?.header.lastLsn ?? 0) + 1, 1);
  }

  /** History that a reader has not read yet stays, within its budget. */
  hold(lsn: number): Holder {
    const holder = { lsn };
    this.holders.add(holder);
    return holder;
  }

  release(holder: Holder): void {
    this.holders.delete(holder);
  }

  get holderCount(): number {
    return this.holders.size;
  }

  /** Lets go of what lies below `before`, as far as replay does not need it. */
  letGo(before: number): void {
    const { coveredLsn, lastLsn } = this.needs();
    const limit = coveredLsn > 0 ? coveredLsn + 1 : lastLsn + 1;
    this.lowWater = Math.max(this.lowWater, Math.min(before, limit));
  }

  /** Moves both marks to where the policy and what is needed put them now. */
  apply(): void {
    const live = this.table.live();
    this.lowWater = Math.max(1, lowWaterFor(this.options.keep, this.facts(), live));
    this.firstSegment = Math.max(this.firstSegment, firstNeededSegment(live, this.facts()));
  }

  /** A superblock said `firstSegment`; both say `gone`. */
  superblockWritten(gone: number): void {
    const slots = this.table.retireBelow(this.firstSegment);
    if (slots.length > 0) this.retired.push({ segment: this.firstSegment, slots });
    for (const retired of this.retired.filter(({ segment }) => segment <= gone)) {
      for (const slot of retired.slots) this.table.addSpare(slot);
    }
    this.retired = this.retired.filter(({ segment }) => segment > gone);
  }

  /** Writing superblocks would bring slots nearer to being spare. */
  get hasRetired(): boolean {
    return this.retired.length > 0 || this.table.live()[0]!.header.segment < this.firstSegment;
  }

  /** Whether more than `readerHoldBytes` of history lies behind this LSN. */
  private isLagging(lsn: number, tailSegment: number): boolean {
    const segment = this.table.holding(lsn)?.header.segment ?? 0;
    return (tailSegment - segment) * this.geometry.segmentBytes > this.options.readerHoldBytes;
  }

  private facts(): RetentionFacts {
    const needs = this.needs();
    return {
      ...needs,
      lowWater: this.lowWater,
      segmentBytes: this.geometry.segmentBytes,
      heldLsns: [...this.holders]
        .map(({ lsn }) => lsn)
        .filter((lsn) => !this.isLagging(lsn, needs.tailSegment)),
    };
  }
}

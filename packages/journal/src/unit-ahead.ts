/**
 * A unit of records, taken along as a scan passes its fragments: they were verified on the way, so
 * that they need not be read and verified again when its end is met.
 *
 * Always true:
 * - what was taken along counts only when the unit's end names exactly these fragments: its first
 *   one's place, their number, their bytes and the digest over their headers
 * - whatever does not follow what was taken before, or has no room, is dropped: the unit is then read
 *   by its descriptor, fragment by fragment
 */
import { BatchFlag } from './format.ts';
import type { ChunkBuilder } from './chunk-builder.ts';
import { copyPoint, type MutablePoint } from './position.ts';
import type { Scanner } from './scanner.ts';
import { digestFragment } from './unit-descriptor.ts';

export class UnitAhead {
  /** Where the first fragment stands; the log can be read on from there. */
  readonly first: MutablePoint = { segment: 0, offset: 0, generation: 0, lastLsn: 0, chain: 0 };
  private unitId = 0;
  private fragments = 0;
  private digest = 0;
  private count = 0;
  private bytes = 0;
  /** Of the unit before. */
  private expectedBytes = 0;

  drop(): void {
    this.fragments = 0;
  }

  /**
   * Takes the fragment along that `scanner` stands behind, if it is the first of a unit or the next
   * of this one. False: there is no room for it.
   */
  take(scanner: Scanner, builder: ChunkBuilder): boolean {
    const { header, batchPoint, blocks } = scanner;
    // Raw bytes of a stream have no count, and belong into no chunk.
    if ((header.flags & BatchFlag.Fragment) === 0 || header.count === 0) return true;
    if (header.fragmentNumber === 0) this.begin(scanner);
    else if (
      this.fragments === 0 ||
      header.fragmentNumber !== this.fragments ||
      header.unitId !== this.unitId ||
      batchPoint.generation !== this.first.generation
    ) {
      this.drop();
      return true;
    }
    // Units like the one before are common: one that would be cut is not begun.
    if (!builder.hasRoom(Math.max(this.bytes + header.bodyBytes, this.expectedBytes))) {
      this.drop();
      return false;
    }
    builder.putAhead(this.bytes, blocks.bytes, scanner.bodyStart, scanner.bodyEnd);
    this.digest = digestFragment(this.digest, header.headerChecksum);
    this.fragments++;
    this.count += header.count;
    this.bytes += header.bodyBytes;
    return true;
  }

  /**
   * The unit's end, on which `scanner` stands, is that of what was taken along: its records count,
   * from `firstLsn` on. Returns how many they are; 0: it is another unit's.
   */
  keep({ header }: Scanner, builder: ChunkBuilder): number {
    const { unit } = header;
    const isIts =
      this.fragments > 0 &&
      unit !== undefined &&
      unit.unitId === this.unitId &&
      unit.fragments === this.fragments &&
      unit.bytes === this.bytes &&
      unit.digest === this.digest &&
      unit.firstSegment === this.first.segment &&
      unit.firstOffset === this.first.offset &&
      header.count >= this.count;
    if (isIts) builder.keepAhead(header.firstLsn, this.count, this.bytes, header.wallTimeMs);
    return isIts ? this.count : 0;
  }

  private begin({ batchPoint, header }: Scanner): void {
    copyPoint(this.first, batchPoint);
    this.expectedBytes = this.bytes;
    this.unitId = header.unitId;
    this.fragments = 0;
    this.digest = 0;
    this.count = 0;
    this.bytes = 0;
  }
}

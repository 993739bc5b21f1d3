/**
 * Which segment lives in which slot, and which slots are spare.
 *
 * Always true:
 * - `live` ascends by segment number without a gap, unless damage took one
 * - a slot is either live, spare, or waiting: retired, but still named by an older superblock
 * - spare slots are handed out lowest first, so that space comes free at the end of the file
 */
import { invariant } from '@varve/bytes';
import type { SyncFile } from '@varve/files';
import type { NextRecord } from './control.ts';
import { SEGMENT_HEADER_BYTES } from './format.ts';
import { type Geometry, slotsInFile, slotStart } from './geometry.ts';
import { readExactly } from './io.ts';
import type { ScanPoint } from './position.ts';
import { type Segment, segmentFromNext } from './segment.ts';
import { decodeSegmentHeader, type SegmentHeader } from './segment-header.ts';

/** The header in each slot of the file; undefined where none counts. @throws VarveError IO_ERROR */
export function readSegmentHeaders(
  file: SyncFile,
  geometry: Geometry,
  seedId: Uint8Array,
): (SegmentHeader | undefined)[] {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const headers: (SegmentHeader | undefined)[] = [];
  const slots = slotsInFile(geometry, file.getSize());
  for (let slot = 0; slot < slots; slot++) {
    readExactly(file, bytes, slotStart(geometry, slot));
    headers.push(decodeSegmentHeader(bytes, seedId, slot));
  }
  return headers;
}

export class SegmentTable {
  private readonly byNumber = new Map<number, Segment>();
  private readonly spares = new Set<number>();
  slotCount = 0;

  add(segment: Segment): void {
    this.byNumber.set(segment.header.segment, segment);
  }

  get(number: number): Segment | undefined {
    return this.byNumber.get(number);
  }

  /** Live segments, oldest first. */
  live(): Segment[] {
    return [...this.byNumber.values()].sort((a, b) => a.header.segment - b.header.segment);
  }

  get liveCount(): number {
    return this.byNumber.size;
  }

  get spareCount(): number {
    return this.spares.size;
  }

  addSpare(slot: number): void {
    invariant(!this.spares.has(slot), 'a slot is spare once');
    this.spares.add(slot);
  }

  takeSpare(): number | undefined {
    let lowest: number | undefined;
    for (const slot of this.spares) if (lowest === undefined || slot < lowest) lowest = slot;
    if (lowest !== undefined) this.spares.delete(lowest);
    return lowest;
  }

  /**
   * The segment that a `next` record at `from` names; made up from that record when its header was
   * lost after it was written.
   */
  named(next: NextRecord, from: ScanPoint, seedId: Uint8Array): Segment {
    const known = this.byNumber.get(next.segment);
    if (known !== undefined) return known;
    const made = segmentFromNext(next, from, seedId);
    this.add(made);
    return made;
  }

  /** The oldest segment that may bear the record after `lsn`. */
  holding(lsn: number): Segment | undefined {
    let best: Segment | undefined;
    for (const segment of this.byNumber.values()) {
      if (segment.header.lastLsn > lsn) continue;
      if (best === undefined || segment.header.segment > best.header.segment) best = segment;
    }
    return best;
  }

  /** Forgets segments above `number`: begun by a writer whose restart never counted. */
  dropAbove(number: number): void {
    for (const key of [...this.byNumber.keys()]) if (key > number) this.byNumber.delete(key);
  }

  /** Forgets segments below `number`; returns their slots. */
  retireBelow(number: number): number[] {
    const slots: number[] = [];
    for (const segment of this.live()) {
      if (segment.header.segment >= number) break;
      this.byNumber.delete(segment.header.segment);
      slots.push(segment.header.slot);
    }
    return slots;
  }
}

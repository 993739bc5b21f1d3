/**
 * Follows the log forward, batch by batch, with every check of docs/FORMAT.md §Validity.
 *
 * Always true:
 * - what `next()` returns true for counts in the log: identity, generation, LSN, chain and body
 * - it changes generation only through a start record, and segment only through a `next` record or a
 *   header that continues where the scan stopped
 * - after false, `point` is where the log ends as far as it can be read
 */
import { SystemType } from '@varve/protocol';
import { type BatchHeader, bodyCounts, decodeBatchHeader, newBatchHeader } from './batch.ts';
import type { Blocks } from './blocks.ts';
import {
  decodeNext,
  decodeStart,
  findControlRecord,
  type NextRecord,
  type StartRecord,
} from './control.ts';
import { BATCH_BODY_MAX, BATCH_HEADER_BYTES_MAX, BatchFlag } from './format.ts';
import { alignUp, type Geometry } from './geometry.ts';
import { copyPoint, type MutablePoint, type ScanPoint } from './position.ts';
import { beginningOf, type Segment } from './segment.ts';

/** What a scan needs to know of the store. */
export interface LogView {
  readonly geometry: Geometry;
  /** Of whoever opened it last: what that generation wrote, nobody has withdrawn. */
  readonly lastGeneration: number;
  segment(number: number): Segment | undefined;
  /** Where the meaningful bytes of a segment end. */
  limit(segment: Segment): number;
  /** The segment a `next` record names; recovery makes one up when its header is not there. */
  follow(next: NextRecord, from: ScanPoint): Segment | undefined;
}

const BATCH_BYTES_MAX = BATCH_HEADER_BYTES_MAX + BATCH_BODY_MAX;

export class Scanner {
  /** Where the next batch is looked for. */
  readonly point: MutablePoint;
  /** The batch last returned, and the place it stands at. */
  readonly header: BatchHeader = newBatchHeader();
  readonly batchPoint: MutablePoint;
  /** The batch begins a generation: what older generations hold beyond `start.lastLsn` is void. */
  start: StartRecord | undefined;
  /** The scan went on into the next segment although the `next` record before it is damaged. */
  nextLost = false;
  private readonly view: LogView;
  readonly blocks: Blocks;

  constructor(view: LogView, blocks: Blocks, from: ScanPoint) {
    this.view = view;
    this.blocks = blocks;
    this.point = { ...from };
    this.batchPoint = { ...from };
  }

  /** Bytes of the current batch's body: `blocks.bytes[bodyStart, bodyEnd)`, until the next call. */
  get bodyStart(): number {
    return this.blocks.at + this.header.headerBytes;
  }

  get bodyEnd(): number {
    return this.bodyStart + this.header.bodyBytes;
  }

  /** Whether the batch's records bear LSNs. */
  get bearsLsns(): boolean {
    return (this.header.flags & (BatchFlag.Control | BatchFlag.Fragment)) === 0;
  }

  next(): boolean {
    this.start = undefined;
    const segment = this.view.segment(this.point.segment);
    if (segment === undefined) return false;
    if (this.countsAt(segment, this.point.offset) && this.continues()) {
      return this.accept(segment, this.point.offset, undefined);
    }
    return this.findRestart(segment) || this.continueInNextSegment();
  }

  /** Rules 1–3 at an offset of a segment; fills `header`. */
  countsAt(segment: Segment, offset: number): boolean {
    const limit = this.view.limit(segment);
    const available = this.blocks.ensure(segment, offset, BATCH_BYTES_MAX, limit);
    const { bytes, at } = this.blocks;
    const end = at + available;
    const { header } = this;
    return (
      decodeBatchHeader(bytes, at, end, segment.seed, offset, header) &&
      bodyCounts(bytes, at, end, segment.seed, offset, header)
    );
  }

  /** The start record of the batch in `header`. */
  startRecord(): StartRecord | undefined {
    if ((this.header.flags & BatchFlag.Restart) === 0) return undefined;
    const { bytes } = this.blocks;
    const frame = findControlRecord(bytes, this.bodyStart, this.bodyEnd, SystemType.Start);
    return frame && decodeStart(bytes, frame);
  }

  /** Rules 4–6. */
  private continues(): boolean {
    const { header, point } = this;
    return (
      header.generation === point.generation &&
      header.firstLsn === point.lastLsn + 1 &&
      header.previousChecksum === point.chain
    );
  }

  private accept(segment: Segment, offset: number, start: StartRecord | undefined): boolean {
    const { header, point, batchPoint } = this;
    point.offset = offset;
    if (start !== undefined) {
      point.generation = header.generation;
      point.lastLsn = start.lastLsn;
      this.start = start;
    }
    copyPoint(batchPoint, point);
    batchPoint.chain = header.previousChecksum;
    if (start === undefined) segment.index.note(batchPoint);
    point.chain = header.headerChecksum;
    point.offset = alignUp(
      offset + header.headerBytes + header.bodyBytes,
      this.view.geometry.alignment,
    );
    if (this.bearsLsns) point.lastLsn += header.count;
    if (start !== undefined) segment.index.restart(point);
    if ((header.flags & BatchFlag.Control) !== 0) this.followNext();
    return true;
  }

  private followNext(): void {
    const frame = findControlRecord(
      this.blocks.bytes,
      this.bodyStart,
      this.bodyEnd,
      SystemType.Next,
    );
    const next = frame && decodeNext(this.blocks.bytes, frame);
    if (next === undefined || next.segment !== this.point.segment + 1) return;
    const segment = this.view.follow(next, this.point);
    if (segment === undefined) return;
    this.point.segment = segment.header.segment;
    this.point.offset = this.view.geometry.firstOffset;
  }

  /** A new generation begins here or at a later restart boundary of this segment. */
  private findRestart(segment: Segment): boolean {
    const { geometry } = this.view;
    if (this.restartAt(segment, this.point.offset)) return true;
    const last = Math.min(this.view.limit(segment), geometry.footerOffset);
    const step = geometry.restartAlignment;
    for (let at = alignUp(this.point.offset + 1, step); at <= last; at += step) {
      if (this.restartAt(segment, at)) return true;
    }
    return false;
  }

  private restartAt(segment: Segment, offset: number): boolean {
    if (!this.countsAt(segment, offset)) return false;
    const { header, point } = this;
    if (header.generation <= point.generation) return false;
    const start = this.startRecord();
    if (start === undefined || start.lastLsn > point.lastLsn) return false;
    if (header.firstLsn !== start.lastLsn + 1) return false;
    return this.accept(segment, offset, start);
  }

  /**
   * The next segment's header says that it follows what was read: after a restart that found no room
   * here, or when only the `next` record is damaged.
   */
  private continueInNextSegment(): boolean {
    const { point } = this;
    const following = this.view.segment(point.segment + 1);
    if (following === undefined || following.headerMissing) return false;
    const { header } = following;
    const restart = header.generation > point.generation && header.lastLsn <= point.lastLsn;
    const lost = header.generation === point.generation && header.lastLsn === point.lastLsn;
    if (!restart && !lost) return false;
    const beginning = beginningOf(following, this.view.geometry);
    const saved = { ...point };
    Object.assign(point, beginning);
    if (restart) point.generation = saved.generation;
    // A generation that goes on where a lost `next` record pointed begins at a restart boundary, one
    // that found no room before at the segment's first batch.
    const read = restart
      ? this.findRestart(following)
      : this.countsAt(following, beginning.offset) &&
        this.continues() &&
        this.accept(following, beginning.offset, undefined);
    if (!read) Object.assign(point, saved);
    else if (lost) this.nextLost = true;
    return read;
  }
}

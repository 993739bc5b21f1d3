/**
 * The tail segment's writer: packs records into batches in a staging buffer, writes and flushes it.
 *
 * Always true:
 * - bytes below `writtenOffset` were written, bytes of LSNs up to `durableLsn` were flushed; the rest
 *   may vanish in a crash
 * - staging holds whole batches that follow `writtenOffset` without a gap, and one open batch at most
 * - every batch that bears LSNs is atomic by itself
 * - after a GenerationFault nothing works any more: `dead`
 * - no function here awaits anything
 */
import { invariant, xxh32, writeU32 } from '@varve/bytes';
import type { SyncFile } from '@varve/files';
import { SystemType, writeRecordFrame } from '@varve/protocol';
import {
  batchSeed,
  type BatchFields,
  FRAGMENT_HEADER_BYTES,
  PLAIN_HEADER_BYTES,
  sealBatch,
  UNIT_END_HEADER_BYTES,
} from './batch.ts';
import { encodeNext, encodeStart, type StartRecord } from './control.ts';
import { BATCH_BODY_TARGET, BatchFlag, SEGMENT_HEADER_BYTES } from './format.ts';
import { alignUp, type Geometry, slotStart } from './geometry.ts';
import { orEndGeneration, writeExactly } from './io.ts';
import type { ScanPoint } from './position.ts';
import { type Segment, segmentOf } from './segment.ts';
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.ts';
import type { SegmentTable } from './segment-table.ts';
import type { Slots } from './slots.ts';
import type { UnitDescriptor } from './unit-descriptor.ts';

/** What the tail needs besides the file. */
export interface TailHost {
  readonly geometry: Geometry;
  readonly seedId: Uint8Array;
  readonly generation: number;
  readonly table: SegmentTable;
  readonly slots: Slots;
  wallMs(): number;
  randomSalt(): Uint8Array;
  /** Oldest segment in which a unit begins that is open now; undefined = none is. */
  oldestOpenUnit(): number | undefined;
}

/** How a new generation goes on after recovery. */
export interface Beginning {
  /** The tail segment; its header is (re)written when it is missing. */
  readonly segment: Segment;
  /** Where the first batch goes; past the footer: the generation begins in a new segment. */
  readonly offset: number;
  /**
   * Something in the segment is known to have been flushed. Otherwise its header may stand in the
   * page cache alone, after a flush that failed, and is written again.
   */
  readonly headerProven: boolean;
  readonly start: StartRecord;
  readonly wallTimeMs: number;
}

const NO_FLAGS = { flags: 0 };
const STAGING_START_BYTES = 262_144;
/** Staging is written out, unflushed, when it holds this much. */
const STAGING_SPILL_BYTES = 1_048_576;

export class Tail {
  segment: Segment;
  writtenOffset: number;
  lastLsn: number;
  /** Highest LSN whose bytes were handed to the platform. */
  writtenLsn: number;
  durableLsn: number;
  dead = false;
  flushes = 0;
  /** Bytes written since the last flush, staged ones included. */
  unflushedBytes = 0;
  lastFlushMs = 0;
  /** `engine` may take slots from the reserve: checkpoints, and recovery's copies. */
  purpose: 'append' | 'engine' = 'append';
  private chain: number;
  private wallTimeMs: number;
  private start: StartRecord | undefined;
  private headerProven: boolean;
  private staging: Uint8Array<ArrayBuffer>;
  private stagedBytes = 0;
  /** Where in staging the open batch begins; −1: none is open. */
  private openAt = -1;
  private openCount = 0;
  private openHeaderBytes = 0;
  private openTimeMs = 0;
  private openFirstLsn = 0;
  /** Filled in anew for each batch: nothing is allocated on the way. */
  private readonly fields: BatchFields = {
    flags: 0,
    count: 0,
    firstLsn: 0,
    durableLsn: 0,
    generation: 0,
    previousChecksum: 0,
    wallTimeMs: 0,
    unitId: undefined,
    fragmentNumber: undefined,
    unit: undefined,
  };
  private unitCounter = 0;
  private readonly file: SyncFile;
  private readonly host: TailHost;

  constructor(file: SyncFile, host: TailHost, beginning: Beginning) {
    this.file = file;
    this.host = host;
    this.segment = beginning.segment;
    this.writtenOffset = beginning.offset;
    this.start = beginning.start;
    this.headerProven = beginning.headerProven;
    const { segmentBytes } = host.geometry;
    this.staging = new Uint8Array(Math.min(STAGING_START_BYTES, 2 * segmentBytes));
    this.lastLsn = beginning.start.lastLsn;
    this.writtenLsn = this.lastLsn;
    this.durableLsn = this.lastLsn;
    this.chain = beginning.start.chain;
    this.wallTimeMs = beginning.wallTimeMs;
  }

  /**
   * The segment's header never reached the disk for certain, or was lost: it is written, and flushed,
   * before a superblock can name a place in the segment. Nothing in it is proven then, so its
   * predecessor is still there to find it by, should this write be torn.
   */
  ensureHeader(): void {
    if (this.headerProven && !this.segment.headerMissing) return;
    const start = this.start!;
    const made = this.segment.header;
    // Cut before this segment, or at its very beginning: it is the new generation's, and says so,
    // because what stood between the cut and here may be lost. Cut within: what it holds is older.
    const { firstOffset } = this.host.geometry;
    const fresh =
      this.segment.headerMissing &&
      (start.cutSegment < made.segment || start.cutOffset === firstOffset);
    const header: SegmentHeader = this.segment.headerMissing
      ? {
          ...made,
          generation: fresh ? this.host.generation : made.generation,
          lastLsn: fresh ? start.lastLsn : made.lastLsn,
          previousEnd: fresh ? start.cutOffset : made.previousEnd,
          previousChain: fresh ? start.chain : made.previousChain,
          durableLsn: start.lastLsn,
          wallTimeMs: this.now(),
        }
      : made;
    const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
    encodeSegmentHeader(header, this.host.seedId, bytes, 0);
    this.guarded(
      () => writeExactly(this.file, bytes, slotStart(this.host.geometry, header.slot)),
      'writing a segment header failed',
    );
    this.guarded(() => this.file.flush(), 'flushing a segment header failed');
    this.headerProven = true;
    const { index } = this.segment;
    this.segment = { ...segmentOf(header, this.host.seedId), index };
    this.host.table.add(this.segment);
  }

  /** The place after everything staged and written; only between batches. */
  get point(): ScanPoint {
    invariant(this.openAt < 0, 'no batch is open where a place is taken');
    return {
      segment: this.segment.header.segment,
      offset: this.writtenOffset + this.stagedBytes,
      generation: this.host.generation,
      lastLsn: this.lastLsn,
      chain: this.chain,
    };
  }

  /** Whether this generation has begun on disk. */
  get begun(): boolean {
    return this.start === undefined;
  }

  get dirty(): boolean {
    return this.unflushedBytes > 0;
  }

  get staged(): boolean {
    return this.stagedBytes > 0;
  }

  /** Appends `frames[from, to)`: `count` whole record frames that fit in one batch. Atomic. */
  addRecords(frames: Uint8Array, from: number, to: number, count: number, timeMs?: number): void {
    const bytes = to - from;
    invariant(bytes <= this.host.geometry.bodyMax, 'a group fits in a batch');
    if (timeMs !== undefined) this.closeBatch();
    if (!this.fitsInOpenBatch(bytes)) {
      this.closeBatch();
      this.makeRoom(PLAIN_HEADER_BYTES + bytes);
      this.openBatch(PLAIN_HEADER_BYTES, timeMs);
    }
    this.copy(frames, from, to);
    this.openCount += count;
    this.lastLsn += count;
    if (this.stagedBytes > STAGING_SPILL_BYTES) this.write();
  }

  /**
   * Appends part of a unit: raw bytes, or whole record frames (`count` of them). Returns its place
   * and header checksum.
   */
  addFragment(
    unitId: number,
    fragmentNumber: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    count: number,
  ): { segment: number; offset: number; checksum: number } {
    this.closeBatch();
    this.makeRoom(FRAGMENT_HEADER_BYTES + to - from);
    this.openBatch(FRAGMENT_HEADER_BYTES);
    this.copy(bytes, from, to);
    this.openCount = count;
    const { segment, offset } = this.openPlace();
    this.seal({ flags: BatchFlag.Fragment, unitId, fragmentNumber });
    if (this.stagedBytes > STAGING_SPILL_BYTES) this.write();
    return { segment, offset, checksum: this.chain };
  }

  /** The end of a unit of records: its last frames, and where the first ones lie. `count` is of all. */
  addUnitEnd(
    unit: UnitDescriptor,
    frames: Uint8Array,
    from: number,
    to: number,
    count: number,
    timeMs?: number,
  ): void {
    this.closeBatch();
    this.makeRoom(UNIT_END_HEADER_BYTES + to - from);
    this.openBatch(UNIT_END_HEADER_BYTES, timeMs);
    this.copy(frames, from, to);
    this.openCount = count;
    this.seal({ flags: BatchFlag.UnitEnd, unit });
    this.lastLsn += count;
  }

  /** Makes room for a unit's end, so that what is in the segment before it is known. */
  prepareUnitEnd(bytes: number): void {
    this.closeBatch();
    this.makeRoom(UNIT_END_HEADER_BYTES + bytes);
  }

  /** A system record in a batch of its own. Returns the batch's place. */
  addControl(type: number, payload: Uint8Array, flags = 0): ScanPoint {
    this.closeBatch();
    this.makeRoom(PLAIN_HEADER_BYTES + 16 + payload.length);
    const point = this.point;
    this.control(type, payload, BatchFlag.Control, flags);
    return point;
  }

  /** An empty batch: its durable LSN proves what was flushed before it. */
  addMark(): void {
    this.closeBatch();
    if (!this.begun) return;
    if (
      this.writtenOffset + this.stagedBytes + PLAIN_HEADER_BYTES >
      this.host.geometry.footerOffset
    )
      return;
    const { unflushedBytes } = this;
    this.openBatch(PLAIN_HEADER_BYTES);
    this.seal(NO_FLAGS);
    this.write();
    this.unflushedBytes = unflushedBytes;
  }

  nextUnitId(): number {
    this.unitCounter = (this.unitCounter + 1) >>> 0;
    return this.unitCounter;
  }

  /** Hands everything staged to the platform, in one write. */
  write(): void {
    this.closeBatch();
    if (this.stagedBytes === 0) return;
    this.guarded(() => {
      const at = slotStart(this.host.geometry, this.segment.header.slot) + this.writtenOffset;
      writeExactly(this.file, this.staging.subarray(0, this.stagedBytes), at);
    }, 'writing the journal failed');
    this.writtenOffset += this.stagedBytes;
    this.stagedBytes = 0;
    this.writtenLsn = this.lastLsn;
  }

  /** Writes and flushes: everything appended so far is durable when it returns. */
  flush(nowMs: () => number): void {
    this.write();
    if (this.unflushedBytes === 0) return;
    const begun = nowMs();
    this.guarded(() => this.file.flush(), 'flushing the journal failed');
    this.lastFlushMs = nowMs() - begun;
    this.flushed();
  }

  private flushed(): void {
    this.flushes++;
    this.unflushedBytes = 0;
    this.durableLsn = this.writtenLsn;
  }

  private guarded(operation: () => void, message: string): void {
    invariant(!this.dead, 'a dead generation writes nothing');
    try {
      orEndGeneration(operation, message);
    } catch (error) {
      this.dead = true;
      throw error;
    }
  }

  private fitsInOpenBatch(bytes: number): boolean {
    if (this.openAt < 0) return false;
    const body = this.stagedBytes - this.openAt - PLAIN_HEADER_BYTES + bytes;
    const end = this.writtenOffset + this.stagedBytes + bytes;
    return (
      body <= Math.min(BATCH_BODY_TARGET, this.host.geometry.bodyMax) &&
      end <= this.host.geometry.footerOffset
    );
  }

  /** Sees to it that a batch of `bytes` fits before the footer: begins the generation, rotates. */
  private makeRoom(bytes: number): void {
    const { purpose } = this;
    if (this.start !== undefined) this.begin(purpose);
    if (this.writtenOffset + this.stagedBytes + bytes > this.host.geometry.footerOffset) {
      this.rotate(purpose);
    }
  }

  /** Stages the start record, in a new segment when there is no room for it and one batch here. */
  private begin(purpose: 'append' | 'engine'): void {
    const { geometry } = this.host;
    const startBytes = alignUp(PLAIN_HEADER_BYTES + 64, geometry.alignment);
    const start = this.start!;
    if (this.writtenOffset + startBytes > geometry.footerOffset) {
      this.startSegment(this.newSegment(purpose, start.cutOffset));
    }
    this.start = undefined;
    this.control(SystemType.Start, encodeStart(start), BatchFlag.Control | BatchFlag.Restart, 0);
  }

  /**
   * Goes on in a new segment: the old one's `next` record is flushed, with all that stands before
   * it, before a byte of the new one is written.
   */
  private rotate(purpose: 'append' | 'engine'): void {
    this.closeBatch();
    const segment = this.newSegment(purpose);
    const { header } = segment;
    this.control(SystemType.Next, encodeNext(header), BatchFlag.Control, 0);
    const previousEnd = this.writtenOffset + this.stagedBytes;
    this.write();
    this.guarded(() => this.file.flush(), 'flushing a full segment failed');
    this.flushed();
    this.startSegment(
      segmentOf(
        {
          ...header,
          previousEnd,
          previousChain: this.chain,
          durableLsn: this.durableLsn,
        },
        this.host.seedId,
      ),
    );
  }

  private newSegment(purpose: 'append' | 'engine', previousEnd = 0): Segment {
    const slot = this.host.slots.take(purpose);
    const segment = this.segment.header.segment + 1;
    return segmentOf(
      {
        slot,
        segment,
        generation: this.host.generation,
        salt: this.host.randomSalt(),
        lastLsn: this.lastLsn,
        previousEnd,
        previousChain: this.chain,
        oldestUnitSegment: this.host.oldestOpenUnit() ?? segment,
        durableLsn: this.durableLsn,
        wallTimeMs: this.now(),
      },
      this.host.seedId,
    );
  }

  private startSegment(segment: Segment): void {
    invariant(this.stagedBytes === 0, 'a segment begins with empty staging');
    this.host.table.add(segment);
    this.segment = segment;
    this.writtenOffset = 0;
    this.grow(this.host.geometry.firstOffset);
    this.staging.fill(0, 0, this.host.geometry.firstOffset);
    encodeSegmentHeader(segment.header, this.host.seedId, this.staging, 0);
    this.stagedBytes = this.host.geometry.firstOffset;
    this.unflushedBytes += this.stagedBytes;
  }

  private control(
    type: number,
    payload: Uint8Array,
    batchFlags: number,
    recordFlags: number,
  ): void {
    this.openBatch(PLAIN_HEADER_BYTES);
    this.grow(payload.length + 16);
    const end = writeRecordFrame(this.staging, this.stagedBytes, type, 0, payload, recordFlags);
    this.unflushedBytes += end - this.stagedBytes;
    this.stagedBytes = end;
    this.seal({ flags: batchFlags });
  }

  private now(): number {
    this.wallTimeMs = Math.max(this.wallTimeMs, Math.floor(this.host.wallMs()));
    return this.wallTimeMs;
  }

  private openBatch(headerBytes: number, timeMs?: number): void {
    this.openAt = this.stagedBytes;
    this.openCount = 0;
    this.openHeaderBytes = headerBytes;
    this.openTimeMs = timeMs ?? this.now();
    this.openFirstLsn = this.lastLsn + 1;
    this.grow(headerBytes);
    this.stagedBytes += headerBytes;
    this.unflushedBytes += headerBytes;
    if (this.start === undefined) {
      this.segment.index.note({
        segment: this.segment.header.segment,
        offset: this.writtenOffset + this.openAt,
        generation: this.host.generation,
        lastLsn: this.lastLsn,
        chain: this.chain,
      });
    }
  }

  private openPlace(): { segment: number; offset: number } {
    return { segment: this.segment.header.segment, offset: this.writtenOffset + this.openAt };
  }

  private closeBatch(): void {
    if (this.openAt >= 0) this.seal(NO_FLAGS);
  }

  private seal(kind: Pick<BatchFields, 'flags' | 'unitId' | 'fragmentNumber' | 'unit'>): void {
    const { generation, geometry } = this.host;
    const { fields, openAt: at } = this;
    fields.flags = kind.flags;
    fields.unitId = kind.unitId;
    fields.fragmentNumber = kind.fragmentNumber;
    fields.unit = kind.unit;
    fields.count = this.openCount;
    fields.firstLsn = this.openFirstLsn;
    fields.durableLsn = this.durableLsn;
    fields.generation = generation;
    fields.previousChecksum = this.chain;
    fields.wallTimeMs = this.openTimeMs;
    this.chain = sealBatch(
      this.staging,
      at,
      this.openHeaderBytes,
      this.stagedBytes - at - this.openHeaderBytes,
      batchSeed(this.segment.seed, generation, this.writtenOffset + at),
      fields,
    );
    this.openAt = -1;
    const end = alignUp(this.stagedBytes, geometry.alignment);
    this.grow(end - this.stagedBytes);
    this.staging.fill(0, this.stagedBytes, end);
    this.unflushedBytes += end - this.stagedBytes;
    this.stagedBytes = end;
  }

  private copy(bytes: Uint8Array, from: number, to: number): void {
    this.grow(to - from);
    this.staging.set(
      from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to),
      this.stagedBytes,
    );
    this.stagedBytes += to - from;
    this.unflushedBytes += to - from;
  }

  private grow(more: number): void {
    const needed = this.stagedBytes + more;
    if (needed <= this.staging.length) return;
    const larger = new Uint8Array(Math.max(needed, this.staging.length * 2));
    larger.set(this.staging.subarray(0, this.stagedBytes));
    this.staging = larger;
  }
}

const digestScratch = new Uint8Array(4);

/** The digest of a unit after one more fragment. */
export function digestFragment(digest: number, fragmentChecksum: number): number {
  writeU32(digestScratch, 0, fragmentChecksum);
  return xxh32(digestScratch, 0, 4, digest);
}

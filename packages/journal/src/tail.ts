/**
 * The tail segment's writer: packs records into batches, writes and flushes them, rotates.
 *
 * Always true:
 * - bytes below `writtenOffset` were written, bytes of LSNs up to `durableLsn` were flushed; the rest
 *   may vanish in a crash
 * - staging holds whole batches that follow `writtenOffset` without a gap, and one open batch at most
 * - every batch that bears LSNs is atomic by itself
 * - after a GenerationFault nothing works any more: `dead`
 * - no function here awaits anything
 */
import { invariant } from '@varve/bytes';
import type { SyncFile } from '@varve/files';
import { SystemType } from '@varve/protocol';
import {
  FRAGMENT_HEADER_BYTES,
  PLAIN_HEADER_BYTES,
  runBytes,
  UNIT_END_HEADER_BYTES,
} from './batch.ts';
import { type Beginning, spoilTorn, writeBeginningHeader } from './beginning.ts';
import type { ClientRun } from './client-run.ts';
import { encodeNext, encodeStart, type NextRecord, type StartRecord } from './control.ts';
import { BATCH_BODY_TARGET, BatchFlag, NEXT_BYTES, START_BYTES } from './format.ts';
import { alignUp, slotStart } from './geometry.ts';
import { orEndGeneration, writeExactly } from './io.ts';
import type { ScanPoint } from './position.ts';
import { type Segment, segmentOf } from './segment.ts';
import { type BatchKind, Staging } from './staging.ts';
import type { TailHost } from './tail-host.ts';
import type { UnitDescriptor } from './unit-descriptor.ts';

const NO_FLAGS = { flags: 0 };
/** Staging is written out, unflushed, when it holds this much. */
const STAGING_SPILL_BYTES = 1_048_576;

/** A restart batch that names the next segment, too: two frames of 4 bytes and their payloads. */
const START_AND_NEXT_BYTES = PLAIN_HEADER_BYTES + 4 + START_BYTES + 4 + NEXT_BYTES;

export class Tail {
  segment: Segment;
  writtenOffset: number;
  lastLsn: number;
  /** Highest LSN whose bytes were handed to the platform. */
  writtenLsn: number;
  durableLsn: number;
  dead = false;
  flushes = 0;
  lastFlushMs = 0;
  /** `engine` may take slots from the reserve: checkpoints, and recovery's copies. */
  purpose: 'append' | 'engine' = 'append';
  private wallTimeMs: number;
  private start: StartRecord | undefined;
  /** Bytes written by this generation. */
  totalBytes = 0;
  /** Bytes written since the last flush. */
  private writtenBytes = 0;
  private readonly staging: Staging;
  private unitCounter = 0;
  private readonly file: SyncFile;
  private readonly host: TailHost;
  private readonly beginning: Beginning;

  constructor(file: SyncFile, host: TailHost, beginning: Beginning) {
    this.file = file;
    this.host = host;
    this.segment = beginning.segment;
    this.writtenOffset = beginning.offset;
    this.start = beginning.start;
    this.beginning = beginning;
    this.staging = new Staging(host.geometry, host.generation, beginning.start.chain);
    this.lastLsn = beginning.start.lastLsn;
    this.writtenLsn = this.lastLsn;
    this.durableLsn = this.lastLsn;
    this.wallTimeMs = beginning.wallTimeMs;
  }

  /**
   * The segment's header never reached the disk for certain, or was lost: it is written, and flushed,
   * before a superblock can name a place in the segment. Nothing in it is proven then, so its
   * predecessor is still there to find it by, should this write be torn.
   */
  ensureHeader(): void {
    const wallTimeMs = this.now();
    this.guarded(() => {
      spoilTorn(this.file, this.host.geometry, this.beginning);
      this.segment = writeBeginningHeader(this.file, this.host, this.beginning, wallTimeMs);
    }, 'writing a segment header failed');
  }

  /** The place after everything staged and written; only between batches. */
  get point(): ScanPoint {
    invariant(!this.staging.isOpen, 'no batch is open where a place is taken');
    return {
      segment: this.segment.header.segment,
      offset: this.endOffset,
      generation: this.host.generation,
      lastLsn: this.lastLsn,
      chain: this.staging.chain,
    };
  }

  /**
   * What batches, headers and superblocks say is durable. While recovery copies what nothing proves: nothing
   * of that. Should it be cut short the originals count, and what flushed some copies flushed no original.
   */
  get statedDurableLsn(): number {
    const { lastLsn, rewrittenTo } = this.beginning.start;
    return this.durableLsn < rewrittenTo ? lastLsn : this.durableLsn;
  }

  /** Whether this generation has begun on disk. */
  get begun(): boolean {
    return this.start === undefined;
  }

  /** Bytes since the last flush, staged ones included; a mark is not flushed for its own sake. */
  get unflushedBytes(): number {
    return this.writtenBytes + this.staging.length;
  }

  get dirty(): boolean {
    return this.unflushedBytes > 0;
  }

  /** Where in the segment staging ends. */
  private get endOffset(): number {
    return this.writtenOffset + this.staging.length;
  }

  /**
   * Appends `frames[from, to)`: `count` whole record frames that fit in one batch. Atomic. `run` says
   * whose message they belong to.
   */
  addRecords(
    frames: Uint8Array,
    from: number,
    to: number,
    count: number,
    run?: ClientRun,
    timeMs?: number,
  ): void {
    const bytes = to - from;
    invariant(bytes <= this.host.geometry.bodyMax, 'a group fits in a batch');
    if (timeMs !== undefined) this.closeBatch();
    if (!this.fitsInOpenBatch(bytes) || !this.staging.continues(run)) {
      this.closeBatch();
      this.makeRoom(PLAIN_HEADER_BYTES + runBytes(run) + bytes);
      this.openBatch(PLAIN_HEADER_BYTES, timeMs, run);
    }
    this.staging.put(frames, from, to, count, run);
    this.lastLsn += count;
    if (this.staging.length > STAGING_SPILL_BYTES) this.write();
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
    this.staging.put(bytes, from, to, count);
    const { segment } = this.segment.header;
    const offset = this.writtenOffset + this.staging.openAt;
    this.seal({ flags: BatchFlag.Fragment, unitId, fragmentNumber });
    if (this.staging.length > STAGING_SPILL_BYTES) this.write();
    return { segment, offset, checksum: this.staging.chain };
  }

  /** The end of a unit of records: its last frames, and where the first ones lie. `count` is of all. */
  addUnitEnd(
    unit: UnitDescriptor,
    frames: Uint8Array,
    from: number,
    to: number,
    count: number,
    run?: ClientRun,
    timeMs?: number,
  ): void {
    this.prepareUnitEnd(to - from, run);
    this.openBatch(UNIT_END_HEADER_BYTES, timeMs, run);
    this.staging.put(frames, from, to, count, run);
    this.seal({ flags: BatchFlag.UnitEnd, unit });
    this.lastLsn += count;
  }

  /** Makes room for a unit's end, so that what is in the segment before it is known. */
  prepareUnitEnd(bytes: number, run?: ClientRun): void {
    this.closeBatch();
    this.makeRoom(UNIT_END_HEADER_BYTES + runBytes(run) + bytes);
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
    if (this.endOffset + PLAIN_HEADER_BYTES > this.host.geometry.footerOffset) return;
    const { unflushedBytes } = this;
    this.openBatch(PLAIN_HEADER_BYTES);
    this.seal(NO_FLAGS);
    this.write();
    this.writtenBytes = unflushedBytes;
  }

  nextUnitId(): number {
    this.unitCounter = (this.unitCounter + 1) >>> 0;
    return this.unitCounter;
  }

  /** Hands everything staged to the platform, in one write. */
  write(): void {
    this.closeBatch();
    const { staging } = this;
    if (staging.length === 0) return;
    this.guarded(() => {
      const at = slotStart(this.host.geometry, this.segment.header.slot) + this.writtenOffset;
      writeExactly(this.file, staging.whole, at);
    }, 'writing the journal failed');
    this.writtenOffset += staging.length;
    this.writtenBytes += staging.length;
    this.totalBytes += staging.length;
    staging.clear();
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
    this.writtenBytes = 0;
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
    if (!this.staging.isOpen) return false;
    const { bodyMax, footerOffset } = this.host.geometry;
    const body = this.staging.openBodyBytes + bytes;
    return body <= Math.min(BATCH_BODY_TARGET, bodyMax) && this.endOffset + bytes <= footerOffset;
  }

  /** Sees to it that a batch of `bytes` fits before the footer: begins the generation, rotates. */
  private makeRoom(bytes: number): void {
    const { purpose } = this;
    if (this.start !== undefined) this.begin(purpose);
    if (this.endOffset + bytes > this.host.geometry.footerOffset) this.rotate(purpose);
  }

  /**
   * Stages the start record. Where no batch has room behind it, a `next` record stands in the same
   * batch, in the room that is kept for one; where even that is too small (the footer of an unpadded
   * segment is no restart boundary), the generation begins in a new segment that its header alone
   * leads to.
   */
  private begin(purpose: 'append' | 'engine'): void {
    const { geometry } = this.host;
    const start = this.start!;
    const startBytes = alignUp(PLAIN_HEADER_BYTES + 64, geometry.alignment);
    if (this.writtenOffset + startBytes <= geometry.footerOffset) {
      this.start = undefined;
      this.stageStart(start);
      return;
    }
    const segment = this.newSegment(purpose, start.cutOffset);
    this.start = undefined;
    if (this.writtenOffset + START_AND_NEXT_BYTES <= geometry.segmentBytes) {
      this.stageStart(start, segment.header);
      this.moveTo(segment);
    } else {
      this.startSegment(segment);
      this.stageStart(start);
    }
  }

  private stageStart(start: StartRecord, next?: NextRecord): void {
    this.openBatch(PLAIN_HEADER_BYTES);
    this.staging.putRecord(SystemType.Start, encodeStart(start), 0);
    if (next !== undefined) this.staging.putRecord(SystemType.Next, encodeNext(next), 0);
    this.seal({ flags: BatchFlag.Control | BatchFlag.Restart });
  }

  private rotate(purpose: 'append' | 'engine'): void {
    this.closeBatch();
    const segment = this.newSegment(purpose);
    this.control(SystemType.Next, encodeNext(segment.header), BatchFlag.Control, 0);
    this.moveTo(segment);
  }

  /**
   * Goes on in a segment whose `next` record is staged: that is flushed, with all that stands before
   * it, before a byte of the new segment is written.
   */
  private moveTo({ header }: Segment): void {
    const previousEnd = this.endOffset;
    this.write();
    this.guarded(() => this.file.flush(), 'flushing a full segment failed');
    this.flushed();
    const durableLsn = this.statedDurableLsn;
    const previousChain = this.staging.chain;
    this.startSegment(
      segmentOf({ ...header, previousEnd, previousChain, durableLsn }, this.host.seedId),
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
        previousChain: this.staging.chain,
        oldestUnitSegment: Math.min(segment, this.host.oldestUnitSegment()),
        durableLsn: this.statedDurableLsn,
        wallTimeMs: this.now(),
      },
      this.host.seedId,
    );
  }

  private startSegment(segment: Segment): void {
    this.staging.putSegmentHeader(segment.header, this.host.seedId);
    this.host.table.add(segment);
    this.segment = segment;
    this.writtenOffset = 0;
  }

  private control(
    type: number,
    payload: Uint8Array,
    batchFlags: number,
    recordFlags: number,
  ): void {
    this.openBatch(PLAIN_HEADER_BYTES);
    this.staging.putRecord(type, payload, recordFlags);
    this.seal({ flags: batchFlags });
  }

  private now(): number {
    this.wallTimeMs = Math.max(this.wallTimeMs, Math.floor(this.host.wallMs()));
    return this.wallTimeMs;
  }

  private openBatch(headerBytes: number, timeMs?: number, run?: ClientRun): void {
    const { staging } = this;
    staging.open(headerBytes, this.lastLsn + 1, timeMs ?? this.now(), run);
    if (this.start === undefined) {
      this.segment.index.note({
        segment: this.segment.header.segment,
        offset: this.writtenOffset + staging.openAt,
        generation: this.host.generation,
        lastLsn: this.lastLsn,
        chain: this.staging.chain,
      });
    }
  }

  private closeBatch(): void {
    if (this.staging.isOpen) this.seal(NO_FLAGS);
  }

  private seal(kind: BatchKind): void {
    this.staging.seal(kind, this.segment.seed, this.writtenOffset, this.statedDurableLsn);
  }
}

/**
 * Bytes on their way to the file: whole batches, and behind them at most one that is still open.
 *
 * Always true:
 * - `whole` follows what was written before without a gap, and goes to the file in one write
 * - each batch sealed here names the one before it: `chain` is the last one's header checksum
 * - a sealed batch ends at a multiple of the alignment, zeros between
 */
import { invariant } from '@varve/bytes';
import { writeRecordFrame } from '@varve/protocol';
import { type BatchFields, batchSeed, runBytes, sealBatch } from './batch.ts';
import { type ClientRun, copyRun, newClientRun } from './client-run.ts';
import { alignUp, type Geometry } from './geometry.ts';
import { encodeSegmentHeader, type SegmentHeader } from './segment-header.ts';

/** What a batch is besides its records. */
export type BatchKind = Pick<BatchFields, 'flags' | 'unitId' | 'fragmentNumber' | 'unit'>;

const STAGING_START_BYTES = 262_144;

export class Staging {
  /** Bytes in it, those of the open batch included. */
  length = 0;
  /** Where the open batch begins; −1: none is open. */
  openAt = -1;
  chain: number;
  private openHeaderBytes = 0;
  /** What `fields.run` is while the open batch belongs to a client's message. */
  private readonly run: ClientRun = newClientRun();
  private bytes: Uint8Array<ArrayBuffer>;
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
    run: undefined,
  };
  private readonly geometry: Geometry;

  constructor(geometry: Geometry, generation: number, chain: number) {
    this.geometry = geometry;
    this.chain = chain;
    this.fields.generation = generation;
    this.bytes = new Uint8Array(Math.min(STAGING_START_BYTES, 2 * geometry.segmentBytes));
  }

  get isOpen(): boolean {
    return this.openAt >= 0;
  }

  /** Bytes in the open batch's body. */
  get openBodyBytes(): number {
    return this.length - this.openAt - this.openHeaderBytes;
  }

  /** Whether the open batch goes on with these groups: a batch holds those of one message, or of none. */
  continues(run: ClientRun | undefined): boolean {
    const open = this.fields.run;
    if (run === undefined || open === undefined) return run === open;
    return (
      open.clientHigh === run.clientHigh &&
      open.clientLow === run.clientLow &&
      open.sequence === run.sequence &&
      open.firstGroup + open.groups === run.firstGroup
    );
  }

  /** Everything in it; only between batches. */
  get whole(): Uint8Array<ArrayBuffer> {
    invariant(!this.isOpen, 'no batch is open where staging is written');
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }

  /** The header of a segment, and zeros up to its first batch. */
  putSegmentHeader(header: SegmentHeader, seedId: Uint8Array): void {
    invariant(this.length === 0, 'a segment begins with empty staging');
    const { firstOffset } = this.geometry;
    this.reserve(firstOffset);
    this.bytes.fill(0, 0, firstOffset);
    encodeSegmentHeader(header, seedId, this.bytes, 0);
    this.length = firstOffset;
  }

  /** `run`: its header gets room for one. */
  open(plainHeaderBytes: number, firstLsn: number, wallTimeMs: number, run?: ClientRun): void {
    const { fields } = this;
    let headerBytes = plainHeaderBytes;
    fields.run = undefined;
    if (run !== undefined) {
      headerBytes += runBytes(run);
      copyRun(this.run, run);
      this.run.groups = 0;
      fields.run = this.run;
    }
    fields.count = 0;
    fields.firstLsn = firstLsn;
    fields.wallTimeMs = wallTimeMs;
    this.openAt = this.length;
    this.openHeaderBytes = headerBytes;
    this.reserve(headerBytes);
    this.length += headerBytes;
  }

  /** `bytes[from, to)` into the open batch: `count` whole records, of groups of its message; or raw bytes. */
  put(bytes: Uint8Array, from: number, to: number, count: number, run?: ClientRun): void {
    this.reserve(to - from);
    this.bytes.set(
      from === 0 && to === bytes.length ? bytes : bytes.subarray(from, to),
      this.length,
    );
    this.length += to - from;
    this.fields.count += count;
    if (run !== undefined) this.run.groups += run.groups;
  }

  /** A system record into the open batch. */
  putRecord(type: number, payload: Uint8Array, flags: number): void {
    this.reserve(payload.length + 16);
    this.length = writeRecordFrame(this.bytes, this.length, type, 0, payload, flags);
  }

  /**
   * Seals the open batch. The segment's seed, where in it staging begins, and what is known to be
   * durable go into it.
   */
  seal(kind: BatchKind, segmentSeed: number, stagingOffset: number, durableLsn: number): void {
    const { fields, openAt: at } = this;
    fields.flags = kind.flags;
    fields.unitId = kind.unitId;
    fields.fragmentNumber = kind.fragmentNumber;
    fields.unit = kind.unit;
    fields.durableLsn = durableLsn;
    fields.previousChecksum = this.chain;
    const seed = batchSeed(segmentSeed, fields.generation, stagingOffset + at);
    this.chain = sealBatch(this.bytes, at, this.openHeaderBytes, this.openBodyBytes, seed, fields);
    this.openAt = -1;
    const end = alignUp(this.length, this.geometry.alignment);
    this.reserve(end - this.length);
    this.bytes.fill(0, this.length, end);
    this.length = end;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

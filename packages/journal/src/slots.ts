/**
 * Makes room: hands out slots, grows the file, keeps the reserve.
 *
 * Always true:
 * - a new slot is written with zeros and flushed before a superblock counts it
 * - appends never take the last `reserve` spare slots: they are kept for checkpoints and trims
 * - growth that fails changes nothing: the file may be longer, but no superblock counts it
 */
import { invariant } from '@varve/bytes';
import type { SyncFile } from '@varve/files';
import { VarveError } from '@varve/protocol';
import { type Geometry, slotStart } from './geometry.ts';
import { failedIo, GenerationFault, orEndGeneration, writeExactly } from './io.ts';
import type { SegmentTable } from './segment-table.ts';

/** Growth is zeroed in pieces of this size, so that a flush in between stays short. */
export const ZERO_SLICE_BYTES = 65_536;

const ZEROS = new Uint8Array(ZERO_SLICE_BYTES);

/** Slots that hold so many bytes. */
export function slotsFor(bytes: number, geometry: Geometry): number {
  return Math.ceil(bytes / (geometry.footerOffset - geometry.firstOffset));
}

export class Slots {
  /** Bytes of the slot at the end of the file that have been zeroed; 0 = none is being prepared. */
  private preparedBytes = 0;
  private readonly file: SyncFile;
  private readonly geometry: Geometry;
  private readonly table: SegmentTable;
  private readonly maxBytes: number;
  private readonly reserveSlots: () => number;
  /** The greatest reserve so far. */
  private floor: number;
  /** Called after a new slot was flushed: writes the superblock that counts it. */
  private readonly counted: () => void;
  /** Called when slots run short: writes a superblock if that would free retired ones. */
  private readonly starved: () => void;

  constructor(
    file: SyncFile,
    geometry: Geometry,
    table: SegmentTable,
    limits: { readonly maxBytes: number; readonly reserve: () => number },
    counted: () => void,
    starved: () => void,
  ) {
    this.file = file;
    this.geometry = geometry;
    this.table = table;
    this.maxBytes = limits.maxBytes;
    this.reserveSlots = limits.reserve;
    this.floor = limits.reserve();
    this.counted = counted;
    this.starved = starved;
  }

  /** So many spare slots appends never take. */
  get reserve(): number {
    return this.reserveSlots();
  }

  /** A slot for a new segment. @throws VarveError QUOTA_EXCEEDED, STORE_FULL: nothing has changed */
  take(purpose: 'append' | 'engine'): number {
    const floor = purpose === 'append' ? this.reserve : 0;
    if (this.table.spareCount <= floor) this.starved();
    if (this.table.spareCount <= floor) this.growOrExplain(purpose);
    if (floor > this.floor) {
      // What is kept has become more since the last slot was taken.
      while (this.table.spareCount <= floor) this.growOrExplain(purpose);
      this.floor = floor;
    }
    const slot = this.table.takeSpare();
    invariant(slot !== undefined, 'a slot is there after growing');
    return slot;
  }

  /** Whether idle time could be used to prepare a slot ahead. */
  get wantsSpare(): boolean {
    return this.table.spareCount <= this.reserve && this.mayGrow;
  }

  private get mayGrow(): boolean {
    return slotStart(this.geometry, this.table.slotCount + 1) <= this.maxBytes;
  }

  /**
   * Zeroes one slice of the next slot. Returns true when the slot became spare.
   * @throws VarveError when the platform refuses; GenerationFault when the flush fails
   */
  prepareSlice(): boolean {
    const { segmentBytes } = this.geometry;
    const start = slotStart(this.geometry, this.table.slotCount);
    const length = Math.min(ZERO_SLICE_BYTES, segmentBytes - this.preparedBytes);
    writeExactly(this.file, ZEROS.subarray(0, length), start + this.preparedBytes);
    this.preparedBytes += length;
    if (this.preparedBytes < segmentBytes) return false;
    orEndGeneration(() => this.file.flush(), 'flushing a new slot failed');
    this.preparedBytes = 0;
    const slot = this.table.slotCount;
    this.table.slotCount = slot + 1;
    this.table.addSpare(slot);
    this.counted();
    return true;
  }

  private growOrExplain(purpose: 'append' | 'engine'): void {
    if (purpose === 'engine' && this.table.spareCount > 0) return;
    if (!this.mayGrow) {
      throw new VarveError('STORE_FULL', undefined, {
        facts: { maxBytes: this.maxBytes, slots: this.table.slotCount, purpose },
      });
    }
    try {
      while (!this.prepareSlice());
    } catch (cause) {
      if (cause instanceof GenerationFault) throw cause;
      throw failedIo(cause, 'the journal file cannot grow', { slots: this.table.slotCount });
    }
  }
}

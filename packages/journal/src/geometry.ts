/**
 * Where things stand in a journal file, from its two fixed choices: segment size and alignment.
 */
import {
  BATCH_BODY_MAX,
  BATCH_HEADER_BYTES,
  NEXT_BYTES,
  SEGMENT_HEADER_BYTES,
  SLOTS_START,
  UNIT_DESCRIPTOR_BYTES,
} from './format.ts';

export interface Geometry {
  readonly segmentBytes: number;
  /** Every batch begins at a multiple of this. */
  readonly alignment: number;
  /** After a cut a new generation begins at a multiple of this, away from what was flushed before. */
  readonly restartAlignment: number;
  /** Offset of a segment's first batch. */
  readonly firstOffset: number;
  /** No record batch ends past this: what follows is kept for the `next` batch. */
  readonly footerOffset: number;
  /** Longest body that fits. */
  readonly bodyMax: number;
}

export function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}

/** Bytes of the batch that holds a `next` record. */
const NEXT_BATCH_BYTES = BATCH_HEADER_BYTES + 4 + NEXT_BYTES;
/** Longest header our own writer makes: with a unit descriptor. */
const HEADER_ROOM = BATCH_HEADER_BYTES + 2 + UNIT_DESCRIPTOR_BYTES + 2;

export function geometryOf(segmentBytes: number, alignment: number): Geometry {
  const firstOffset = alignUp(SEGMENT_HEADER_BYTES, alignment);
  const footerOffset = segmentBytes - alignUp(NEXT_BATCH_BYTES, alignment);
  const room = footerOffset - firstOffset - alignUp(HEADER_ROOM, 8);
  return {
    segmentBytes,
    alignment,
    restartAlignment: Math.max(alignment, segmentBytes < 65_536 ? 512 : 4_096),
    firstOffset,
    footerOffset,
    bodyMax: Math.min(BATCH_BODY_MAX, room),
  };
}

/** Byte in the file where a slot begins. */
export function slotStart(geometry: Geometry, slot: number): number {
  return SLOTS_START + slot * geometry.segmentBytes;
}

/** Whole slots that fit in a file of `fileBytes`. */
export function slotsInFile(geometry: Geometry, fileBytes: number): number {
  return Math.max(0, Math.floor((fileBytes - SLOTS_START) / geometry.segmentBytes));
}

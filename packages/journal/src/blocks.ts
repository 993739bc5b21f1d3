/**
 * A window on one segment's bytes: the read cache.
 *
 * Always true:
 * - `bytes[at]` of the last `ensure` is the byte it was asked for
 * - bytes at or beyond what was written when the window was filled are never handed out again
 * - a read that comes back short is IO_ERROR, never "the end"
 */
import type { SyncFile } from '@varve/files';
import type { Geometry } from './geometry.ts';
import { slotStart } from './geometry.ts';
import { readExactly } from './io.ts';
import type { Segment } from './segment.ts';

const PAGE = 4_096;

export class Blocks {
  bytes: Uint8Array;
  /** Index in `bytes` of the byte last asked for. */
  at = 0;
  private segment: Segment | undefined;
  private start = 0;
  private end = 0;
  private readonly file: SyncFile;
  private readonly geometry: Geometry;

  constructor(file: SyncFile, geometry: Geometry, windowBytes: number) {
    this.file = file;
    this.geometry = geometry;
    this.bytes = new Uint8Array(Math.min(geometry.segmentBytes, windowBytes));
  }

  /**
   * Makes `[offset, offset + length)` of `segment` available in `bytes` from `at` on; `limit` is
   * where the meaningful part of the segment ends now. Returns how many bytes from `offset` on are
   * available: at least `min(length, limit − offset)`.
   */
  ensure(segment: Segment, offset: number, length: number, limit: number): number {
    const wanted = Math.min(offset + length, limit);
    if (segment !== this.segment || offset < this.start || wanted > this.end) {
      this.fill(segment, offset, limit);
    }
    this.at = offset - this.start;
    return this.end - offset;
  }

  /** Forgets everything: the file behind was replaced, or rewritten in place. */
  clear(): void {
    this.segment = undefined;
  }

  private fill(segment: Segment, offset: number, limit: number): void {
    const aligned = offset - (offset % PAGE);
    const start = Math.max(0, Math.min(aligned, limit));
    const end = Math.min(start + this.bytes.length, limit);
    this.segment = undefined;
    if (end > start) {
      readExactly(
        this.file,
        this.bytes.subarray(0, end - start),
        slotStart(this.geometry, segment.header.slot) + start,
      );
    }
    this.segment = segment;
    this.start = start;
    this.end = Math.max(end, start);
  }
}

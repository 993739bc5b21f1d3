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
  /** The same, four at a time, in the platform's order. */
  readonly words: Int32Array;
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
    this.words = new Int32Array(this.bytes.buffer);
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

  /** Whether any of `length` bytes from `at` on, a multiple of 4, is not zero. */
  hasBytes(length: number): boolean {
    const { words, bytes } = this;
    const end = this.at + length;
    let word = this.at >>> 2;
    // Whoever recovers meets megabytes of zeros in code that is not compiled yet: few turns.
    for (; 4 * word + 32 <= end; word += 8) {
      const four = words[word]! | words[word + 1]! | words[word + 2]! | words[word + 3]!;
      const more = words[word + 4]! | words[word + 5]! | words[word + 6]! | words[word + 7]!;
      if ((four | more) !== 0) return true;
    }
    for (let index = 4 * word; index < end; index++) if (bytes[index] !== 0) return true;
    return false;
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

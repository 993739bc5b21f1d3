/**
 * Where the next recovery begins to read, and when that place should move on.
 *
 * Always true: everything before it was flushed, and the client table as of there is on the disk.
 */
import type { Geometry } from './geometry.ts';
import type { ScanPoint } from './position.ts';

/** It moves when this much would have to be scanned; earlier in a store that may not grow so large. */
const SCAN_START_BYTES = 16 * 1_048_576;

export class ScanStart {
  point: ScanPoint;
  /** What the writer had written when it moved last. */
  private movedBytes: number;
  /** There was no room for a move: none is tried before so much has been written. */
  private refusedBytes = -Infinity;
  private readonly everyBytes: number;
  private readonly retryBytes: number;

  /** `scannedBytes` were read from `point` on when the store was opened. */
  constructor(point: ScanPoint, scannedBytes: number, geometry: Geometry, maxBytes: number) {
    this.point = point;
    this.movedBytes = -scannedBytes;
    this.everyBytes = Math.min(SCAN_START_BYTES, Math.max(2 * geometry.segmentBytes, maxBytes / 4));
    this.retryBytes = geometry.segmentBytes;
  }

  /** Bytes that the next open would scan, about, when the writer has written so many. */
  bytesSince(writtenBytes: number): number {
    return writtenBytes - this.movedBytes;
  }

  lags(writtenBytes: number): boolean {
    return this.bytesSince(writtenBytes) > this.everyBytes && writtenBytes >= this.refusedBytes;
  }

  move(point: ScanPoint, writtenBytes: number): void {
    this.point = point;
    this.movedBytes = writtenBytes;
  }

  refuse(writtenBytes: number): void {
    this.refusedBytes = writtenBytes + this.retryBytes;
  }
}

/**
 * Images that stand in the journal, and not yet in the pool.
 *
 * Always true:
 * - reads of a physical chunk look here first: the newest image of it is here, or applied
 * - an image is applied only when its record is durable: before that the pool's older bytes may be
 *   all that a crash leaves
 * - what was applied is flushed before a checkpoint that covers its record
 */
import type { Extent, VolumeFiles } from './volume-files.ts';

interface Image {
  readonly bytes: Uint8Array;
  readonly lsn: number;
}

export class Overlay {
  appliedBytes = 0;
  private readonly images = new Map<number, Image>();
  private readonly chunkBytes: number;

  constructor(chunkBytes: number) {
    this.chunkBytes = chunkBytes;
  }

  get size(): number {
    return this.images.size;
  }

  get bytes(): number {
    return this.images.size * this.chunkBytes;
  }

  get(physical: number): Uint8Array | undefined {
    return this.images.get(physical)?.bytes;
  }

  put(physical: number, bytes: Uint8Array, lsn: number): void {
    this.images.set(physical, { bytes, lsn });
  }

  /** Nobody refers to the chunk any more. */
  forget(physical: number): void {
    this.images.delete(physical);
  }

  /** Writes up to `maxBytes` of what is durable to the pool; true: none of it is left. */
  apply(files: VolumeFiles, durableLsn: number, maxBytes = Infinity): boolean {
    const chosen: number[] = [];
    let isAll = true;
    for (const [physical, { lsn }] of this.images) {
      if (lsn > durableLsn) continue;
      if ((chosen.length + 1) * this.chunkBytes > maxBytes && chosen.length > 0) {
        isAll = false;
        break;
      }
      chosen.push(physical);
    }
    chosen.sort((a, b) => a - b);
    const extents: Extent[] = chosen.map((physical) => ({
      at: physical * this.chunkBytes,
      bytes: this.images.get(physical)!.bytes,
    }));
    files.writeData(extents);
    this.appliedBytes += extents.length * this.chunkBytes;
    for (const physical of chosen) this.images.delete(physical);
    return isAll;
  }
}

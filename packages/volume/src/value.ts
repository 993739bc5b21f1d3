/** What a view has at a chunk. */
import type { Mask } from './mask.ts';

export interface Value {
  /** Physical chunk + 1; 0: a hole, which reads as zeros. */
  readonly physicalPlus1: number;
  /** XXH32 of the chunk's bytes, seeded with the volume's seed; 0 for a hole. */
  readonly digest: number;
}

export const HOLE: Value = { physicalPlus1: 0, digest: 0 };

export const isHole = ({ physicalPlus1 }: Value): boolean => physicalPlus1 === 0;

/** The value that the snapshots of `mask` have instead of the origin's. */
export interface Pair extends Value {
  readonly mask: Mask;
}

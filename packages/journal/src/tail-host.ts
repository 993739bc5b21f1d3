/**
 * The store as the tail segment's writer sees it: whoever writes owns nothing of this.
 */
import type { Geometry } from './geometry.ts';
import type { SegmentTable } from './segment-table.ts';
import type { Slots } from './slots.ts';

/** What the tail needs besides the file. */
export interface TailHost {
  readonly geometry: Geometry;
  readonly seedId: Uint8Array;
  readonly generation: number;
  readonly table: SegmentTable;
  readonly slots: Slots;
  wallMs(): number;
  randomSalt(): Uint8Array;
  /** Oldest segment that records of one that begins now may need; Infinity: they need none. */
  oldestUnitSegment(): number;
}

/** The same of a journal. */
export function tailHostOf(
  journal: Pick<
    TailHost,
    'geometry' | 'seedId' | 'generation' | 'table' | 'slots' | 'oldestUnitSegment'
  >,
  environment: { wallMs(): number; fill(bytes: Uint8Array): void },
): TailHost {
  const { geometry, seedId, generation, table, slots } = journal;
  return {
    geometry,
    seedId,
    generation,
    table,
    slots,
    wallMs: () => environment.wallMs(),
    randomSalt: () => {
      const salt = new Uint8Array(8);
      environment.fill(salt);
      return salt;
    },
    oldestUnitSegment: () => journal.oldestUnitSegment(),
  };
}

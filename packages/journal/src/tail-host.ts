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
  /** Oldest segment in which a unit begins that is open now; undefined = none is. */
  oldestOpenUnit(): number | undefined;
}

/** The same of a journal. */
export function tailHostOf(
  journal: Pick<
    TailHost,
    'geometry' | 'seedId' | 'generation' | 'table' | 'slots' | 'oldestOpenUnit'
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
    oldestOpenUnit: () => journal.oldestOpenUnit(),
  };
}

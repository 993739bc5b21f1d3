/**
 * What the volume must hold, tile by tile, told by what was acknowledged and what is on its way.
 *
 * Always true: at most one group is on its way, because the page sends the next when the one before
 * was answered.
 */
import { EMPTY_HASH, TILES } from './tiles.ts';

/** Hash by tile: what a group leaves there. */
export type Group = ReadonlyMap<number, number>;

export interface Judgement {
  readonly acknowledged: number;
  /** Tiles that hold neither what was acknowledged nor what was on its way. */
  readonly lost: readonly number[];
  /** What became of the group that had no answer; `torn`: some of its tiles. */
  readonly inFlight: 'none' | 'whole' | 'absent' | 'torn';
  readonly inFlightTiles: number;
}

export const isSound = ({ lost, inFlight }: Judgement): boolean =>
  lost.length === 0 && inFlight !== 'torn';

export class StrokeLedger {
  /** Groups acknowledged since the volume was read. */
  acknowledged = 0;
  #known = new Uint32Array(TILES).fill(EMPTY_HASH);
  #inFlight: Group | undefined;

  get known(): Uint32Array {
    return this.#known;
  }

  /** From here on the volume holds this: it was read from it. */
  begin(hashes: Uint32Array): void {
    this.#known = hashes.slice();
    this.#inFlight = undefined;
    this.acknowledged = 0;
  }

  issue(group: Group): void {
    if (this.#inFlight !== undefined) throw new Error('one group at a time');
    this.#inFlight = group;
  }

  acknowledge(): void {
    for (const [tile, hash] of this.#inFlight ?? []) this.#known[tile] = hash;
    this.#inFlight = undefined;
    this.acknowledged += 1;
  }

  /** It is certain that nothing of it was written. */
  withdraw(): void {
    this.#inFlight = undefined;
  }

  judge(found: Uint32Array): Judgement {
    const group = this.#inFlight ?? new Map<number, number>();
    const lost: number[] = [];
    let fresh = 0;
    let stale = 0;
    for (let tile = 0; tile < TILES; tile += 1) {
      const before = this.#known[tile]!;
      const after = group.get(tile) ?? before;
      if (found[tile] !== before && found[tile] !== after) lost.push(tile);
      else if (before !== after && found[tile] === after) fresh += 1;
      else if (before !== after) stale += 1;
    }
    return {
      acknowledged: this.acknowledged,
      lost,
      inFlight: this.#inFlight === undefined ? 'none' : fateOf(fresh, stale),
      inFlightTiles: group.size,
    };
  }
}

function fateOf(fresh: number, stale: number): Judgement['inFlight'] {
  if (stale === 0) return 'whole';
  return fresh === 0 ? 'absent' : 'torn';
}

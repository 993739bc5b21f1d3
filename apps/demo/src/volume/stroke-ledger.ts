/**
 * What the volume must hold, tile by tile: groups in the order in which they were asked for, and how
 * many of them were acknowledged.
 *
 * Always true: the volume holds what was there before, and after it the first so many of the groups:
 * all that were acknowledged, perhaps some that were on their way, none of them in part.
 */
import { EMPTY_HASH, TILES } from './tiles.ts';

/** Hash by tile: what a group leaves there. */
export type Group = ReadonlyMap<number, number>;

export interface Judgement {
  readonly acknowledged: number;
  /** Groups that had no answer. */
  readonly onTheirWay: number;
  /** How many of those are there. */
  readonly kept: number;
  /** Tiles that hold something they never may. */
  readonly wrong: readonly number[];
  /** Every tile holds something it may, but they do not go together. */
  readonly isTorn: boolean;
}

export const isSound = ({ wrong, isTorn }: Judgement): boolean => wrong.length === 0 && !isTorn;

export class StrokeLedger {
  /** After the groups up to `#acknowledged`, this is there. */
  #known = new Uint32Array(TILES).fill(EMPTY_HASH);
  #acknowledged = 0;
  /** Behind the acknowledged ones, the oldest first. */
  #onTheirWay: Group[] = [];

  /** From here on the volume holds this: it was read from it. */
  begin(hashes: Uint32Array): void {
    this.#known = Uint32Array.from(hashes);
    this.#acknowledged = 0;
    this.#onTheirWay = [];
  }

  /** @returns the group's number */
  issue(group: Group): number {
    this.#onTheirWay.push(group);
    return this.#acknowledged + this.#onTheirWay.length;
  }

  /** What is durable is so with everything before it. */
  acknowledge(number: number): void {
    while (this.#acknowledged < number) {
      for (const [tile, hash] of this.#onTheirWay.shift() ?? []) this.#known[tile] = hash;
      this.#acknowledged += 1;
    }
  }

  judge(found: Uint32Array): Judgement {
    const state = this.#known.slice();
    const allowed = Array.from(state, (hash) => new Set([hash]));
    let kept = isSame(state, found) ? 0 : -1;
    for (const [at, group] of this.#onTheirWay.entries()) {
      for (const [tile, hash] of group) {
        state[tile] = hash;
        allowed[tile]!.add(hash);
      }
      if (isSame(state, found)) kept = at + 1;
    }
    const wrong = allowed.flatMap((hashes, tile) => (hashes.has(found[tile]!) ? [] : [tile]));
    return {
      acknowledged: this.#acknowledged,
      onTheirWay: this.#onTheirWay.length,
      kept: Math.max(0, kept),
      wrong,
      isTorn: kept < 0 && wrong.length === 0,
    };
  }
}

const isSame = (a: Uint32Array, b: Uint32Array): boolean =>
  a.every((hash, tile) => hash === b[tile]);

/**
 * A client's long works by number, wherever they were begun: in a volume of our own, or at a leader.
 *
 * Always true:
 * - what only looks (`check`, `diff`) is begun anew where the volume is now; of a diff nothing is told
 *   twice, and what was told stays told
 * - what changes something (`delete`, `restore`) is begun once. It goes on by itself with the next
 *   leader, but nobody can tell this client how it ended: LEADER_LOST, `unknown`
 */
import { VarveError } from '@varve/protocol';
import type { ByteRange, VolumePiece, VolumeWork } from '@varve/protocol';
import type { Volume } from '@varve/volume';
import { leaderLost, type VolumeRelay } from './volume-relay.ts';

/** A work that was begun somewhere. */
export interface BegunWork {
  readonly at: Volume | VolumeRelay;
  /** Of a relay: the link. */
  readonly link: number;
  readonly id: number;
}

export interface WorkPlaces {
  begin(work: VolumeWork): Promise<BegunWork>;
  pull(begun: BegunWork): Promise<VolumePiece>;
  drop(begun: BegunWork): void;
  /** Resolves when the volume is somewhere, should nobody want it now. */
  returned(): Promise<void>;
  /** The error says that the volume is elsewhere now. */
  isGone(error: unknown, begun: BegunWork): boolean;
}

interface Errand {
  readonly work: VolumeWork;
  begun: BegunWork;
  /** Of a diff: everything before was told. */
  toldTo: number;
}

export class VolumeErrands {
  readonly #places: WorkPlaces;
  readonly #errands = new Map<number, Errand>();
  #lastId = 0;

  constructor(places: WorkPlaces) {
    this.#places = places;
  }

  async open(work: VolumeWork): Promise<number> {
    const begun = await this.#places.begin(work);
    this.#errands.set(++this.#lastId, { work, begun, toldTo: 0 });
    return this.#lastId;
  }

  async pull(id: number): Promise<VolumePiece> {
    const errand = this.#errands.get(id);
    // It was dropped: the volume is being closed.
    if (errand === undefined) throw new VarveError('CLOSED', undefined, { outcome: 'unknown' });
    try {
      const piece = await this.#pullSomewhere(errand);
      if (piece.done) this.#errands.delete(id);
      return 'ranges' in piece ? { done: false, ranges: untold(errand, piece.ranges) } : piece;
    } catch (error) {
      this.#errands.delete(id);
      throw error;
    }
  }

  drop(id: number): void {
    const errand = this.#errands.get(id);
    this.#errands.delete(id);
    if (errand !== undefined) this.#places.drop(errand.begun);
  }

  dropAll(): void {
    for (const id of [...this.#errands.keys()]) this.drop(id);
  }

  async #pullSomewhere(errand: Errand): Promise<VolumePiece> {
    const { kind } = errand.work;
    for (;;) {
      const { begun } = errand;
      try {
        return await this.#places.pull(begun);
      } catch (error) {
        if (!this.#places.isGone(error, begun)) throw error;
        if (kind === 'delete' || kind === 'restore') throw leaderLost();
      }
      await this.#places.returned();
      errand.begun = await this.#places.begin(errand.work);
    }
  }
}

function untold(errand: Errand, ranges: readonly ByteRange[]): ByteRange[] {
  const { toldTo } = errand;
  const last = ranges.at(-1);
  if (last !== undefined) errand.toldTo = Math.max(toldTo, last.at + last.length);
  return ranges
    .filter(({ at, length }) => at + length > toldTo)
    .map(({ at, length }) => {
      const from = Math.max(at, toldTo);
      return { at: from, length: at + length - from };
    });
}

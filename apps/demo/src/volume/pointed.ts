/** The chunk that somebody points at, in the picture or in the map: both mark it. */
import { Emitter } from '../ui/emitter.ts';

export class Pointed {
  readonly changed = new Emitter<void>();
  tile: number | undefined;
  /** By the keyboard: then it is read out, too. */
  isByKey = false;

  at(tile: number | undefined, isByKey = false): void {
    if (tile === this.tile && isByKey === this.isByKey) return;
    this.tile = tile;
    this.isByKey = isByKey;
    this.changed.emit();
  }
}

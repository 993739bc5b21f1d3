/** The block that somebody points at, in one of the maps. */
import { Emitter } from '../../ui/emitter.ts';
import type { MapName } from './block-words.ts';

export class PointedBlock {
  readonly changed = new Emitter<void>();
  name: MapName | undefined;
  /** In the map's list. */
  index = -1;
  /** By the keyboard: then it is read out, too. */
  isByKey = false;

  at(name: MapName, index: number, isByKey = false): void {
    if (name === this.name && index === this.index && isByKey === this.isByKey) return;
    this.name = name;
    this.index = index;
    this.isByKey = isByKey;
    this.changed.emit();
  }

  /** Nobody points into this map any more. */
  leave(name: MapName): void {
    if (this.name === name) this.at(name, -1);
  }
}

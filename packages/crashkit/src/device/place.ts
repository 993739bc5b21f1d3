/**
 * Where a handle points, known to this folder only: users see handles of the very shape that a
 * browser gives them.
 */
import { SimulatedDirectory, type SimulatedDisk } from '@varve/files/simulated';

export interface Place {
  readonly disk: SimulatedDisk;
  /** Path of its folder with a `/` at its end; empty for what lies in the root. */
  folder: string;
  /** Empty for the root. */
  name: string;
}

/** What every handle shows of itself. */
export interface Entry {
  readonly kind: string;
  readonly name: string;
}

const places = new WeakMap<object, Place>();

export function putPlace(handle: object, place: Place): Place {
  places.set(handle, place);
  return place;
}

export const placeOf = (handle: object): Place | undefined => places.get(handle);

export const pathOf = ({ folder, name }: Place): string => folder + name;

/** What the paths of all that is in this folder begin with. */
export const prefixOf = (place: Place): string => (place.name === '' ? '' : `${pathOf(place)}/`);

/** Handles are made anew for each question: the same entry is the same kind at the same place. */
export function isSamePlace(a: Entry, b: Entry): boolean {
  const [left, right] = [placeOf(a), placeOf(b)];
  if (left === undefined || right === undefined || a.kind !== b.kind) return false;
  return left.disk === right.disk && pathOf(left) === pathOf(right);
}

/** The disk's own folder under a path that ends in `/`, or the root. */
export const folderAt = (disk: SimulatedDisk, prefix: string): SimulatedDirectory =>
  new SimulatedDirectory(disk, prefix, checkWebName);

/** @throws TypeError for a name that OPFS refuses */
function checkWebName(name: string): void {
  if (name === '' || name === '.' || name === '..' || name.includes('/')) {
    throw new TypeError(`Name is not allowed: ${JSON.stringify(name)}`);
  }
}

/** Pixels to and from the volume, or one of its snapshots. */
import type { VolumeView } from 'varve/volume';
import { isEmpty, type TileWrite } from './tile-surface.ts';
import { PICTURE_BYTES, TILE_BYTES } from './tiles.ts';

export async function readPicture(view: VolumeView): Promise<Uint8Array<ArrayBuffer>> {
  const picture = new Uint8Array(PICTURE_BYTES);
  await view.readInto(picture, { at: 0 });
  return picture;
}

/** One atomic group. A tile with nothing in it is given back: it takes no space. */
export async function writeTiles(view: VolumeView, writes: readonly TileWrite[]): Promise<void> {
  await view.atomic((tx) => {
    for (const write of writes) {
      if (isEmpty(write)) tx.trim(write.tile * TILE_BYTES, TILE_BYTES);
      else tx.write(write.tile * TILE_BYTES, write.bytes);
    }
  });
}

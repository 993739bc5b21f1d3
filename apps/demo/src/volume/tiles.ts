/**
 * The volume as a picture: a chunk is a tile of 32 × 32 pixels, a pixel four bytes, so that 32 × 32
 * tiles are 4 MiB.
 *
 * Always true: tile `t` is chunk `t`; tiles follow each other row by row, as do the pixels in each.
 */
export const SIDE = 32;
export const TILES = SIDE * SIDE;
export const TILE_PX = 32;
export const PICTURE_PX = SIDE * TILE_PX;
export const TILE_BYTES = TILE_PX * TILE_PX * 4;
export const PICTURE_BYTES = TILES * TILE_BYTES;

export const tileAt = (column: number, row: number): number => row * SIDE + column;
export const columnOf = (tile: number): number => tile % SIDE;
export const rowOf = (tile: number): number => Math.floor(tile / SIDE);

/** FNV-1a over 32-bit words. Tells tiles apart; the volume has checksums of its own. */
export function hashOf(bytes: Uint8Array): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  let hash = 0x811c_9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x0100_0193);
  return hash >>> 0;
}

export const EMPTY_HASH = hashOf(new Uint8Array(TILE_BYTES));

export function hashesOf(picture: Uint8Array): Uint32Array<ArrayBuffer> {
  const hashes = new Uint32Array(TILES);
  for (let tile = 0; tile < TILES; tile += 1) {
    hashes[tile] = hashOf(picture.subarray(tile * TILE_BYTES, (tile + 1) * TILE_BYTES));
  }
  return hashes;
}

/** A whole picture in a few characters, for people to compare. */
export const fingerprintOf = (hashes: Uint32Array): string =>
  hashOf(new Uint8Array(hashes.buffer, hashes.byteOffset, hashes.byteLength))
    .toString(16)
    .padStart(8, '0');

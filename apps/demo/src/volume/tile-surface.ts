/**
 * The pixels of one view of the volume: what was read from it, and what was drawn on it since.
 *
 * Always true: `take` hands out each change once, as whole tiles.
 */
import {
  columnOf,
  EMPTY_HASH,
  hashOf,
  hashesOf,
  PICTURE_PX,
  rowOf,
  SIDE,
  TILE_BYTES,
  TILE_PX,
  TILES,
  tileAt,
} from './tiles.ts';

export interface Point {
  /** In pixels of the picture. */
  readonly x: number;
  readonly y: number;
}

export interface Pen {
  readonly colour: string;
  readonly widthPx: number;
}

export interface TileWrite {
  readonly tile: number;
  readonly hash: number;
  readonly bytes: Uint8Array;
}

export const isEmpty = ({ hash }: TileWrite): boolean => hash === EMPTY_HASH;

/** Fine enough to pass no tile by. */
const CLEAR_STEP_PX = TILE_PX / 4;

/** The tile at a point; undefined outside. */
export function tileOf({ x, y }: Point): number | undefined {
  const column = Math.floor(x / TILE_PX);
  const row = Math.floor(y / TILE_PX);
  const isInside = column >= 0 && row >= 0 && column < SIDE && row < SIDE;
  return isInside ? tileAt(column, row) : undefined;
}

const clampTile = (position: number): number =>
  Math.max(0, Math.min(SIDE - 1, Math.floor(position / TILE_PX)));

export class TileSurface {
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  /** Of each tile as it was read, or handed out by `take`. */
  hashes = new Uint32Array(TILES).fill(EMPTY_HASH);
  /** How often it was loaded. */
  generation = 0;
  readonly #touched = new Set<number>();

  constructor() {
    this.canvas = document.createElement('canvas');
    this.canvas.width = PICTURE_PX;
    this.canvas.height = PICTURE_PX;
    const context = this.canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) throw new Error('This browser gives no canvas to draw on.');
    this.context = context;
  }

  /** Shows what was read. */
  load(picture: Uint8Array<ArrayBuffer>): void {
    this.generation += 1;
    this.hashes = hashesOf(picture);
    this.#touched.clear();
    for (let tile = 0; tile < TILES; tile += 1) {
      const pixels = new Uint8ClampedArray(picture.buffer, tile * TILE_BYTES, TILE_BYTES);
      const image = new ImageData(pixels, TILE_PX, TILE_PX);
      this.context.putImageData(image, columnOf(tile) * TILE_PX, rowOf(tile) * TILE_PX);
    }
  }

  line(from: Point, to: Point, { colour, widthPx }: Pen): void {
    const { context } = this;
    context.strokeStyle = colour;
    context.lineWidth = widthPx;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    const reach = widthPx / 2 + 1;
    this.touch(
      { x: Math.min(from.x, to.x) - reach, y: Math.min(from.y, to.y) - reach },
      { x: Math.max(from.x, to.x) + reach, y: Math.max(from.y, to.y) + reach },
    );
  }

  /** Empties every tile that the way leads through. */
  clearAlong(from: Point, to: Point): void {
    const steps = Math.ceil(Math.hypot(to.x - from.x, to.y - from.y) / CLEAR_STEP_PX);
    for (let step = 0; step <= steps; step += 1) {
      const share = steps === 0 ? 0 : step / steps;
      const tile = tileOf({
        x: from.x + (to.x - from.x) * share,
        y: from.y + (to.y - from.y) * share,
      });
      if (tile !== undefined) this.#clear(tile);
    }
  }

  #clear(tile: number): void {
    this.context.clearRect(columnOf(tile) * TILE_PX, rowOf(tile) * TILE_PX, TILE_PX, TILE_PX);
    this.#touched.add(tile);
  }

  /** Something was drawn within this rectangle. */
  touch(from: Point, to: Point): void {
    for (let row = clampTile(from.y); row <= clampTile(to.y); row += 1) {
      for (let column = clampTile(from.x); column <= clampTile(to.x); column += 1) {
        this.#touched.add(tileAt(column, row));
      }
    }
  }

  /** The tiles that differ from what was read or taken before. */
  take(): TileWrite[] {
    const writes: TileWrite[] = [];
    for (const tile of [...this.#touched].toSorted((a, b) => a - b)) {
      const x = columnOf(tile) * TILE_PX;
      const { data } = this.context.getImageData(x, rowOf(tile) * TILE_PX, TILE_PX, TILE_PX);
      const bytes = new Uint8Array(data.buffer);
      const hash = hashOf(bytes);
      if (hash === this.hashes[tile]) continue;
      this.hashes[tile] = hash;
      writes.push({ tile, hash, bytes });
    }
    this.#touched.clear();
    return writes;
  }
}

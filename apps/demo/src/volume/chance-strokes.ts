/** Strokes that nobody draws: what the storm and the scattering leave on a surface. */
import { INKS } from './inks.ts';
import type { TileSurface } from './tile-surface.ts';
import { columnOf, PICTURE_PX, rowOf, TILE_PX, TILES } from './tiles.ts';

const anyInk = (): string => INKS[Math.floor(Math.random() * INKS.length)]!.colour;

/** A drop into each of `count` tiles, wherever they are. */
export function scatterDrops(surface: TileSurface, count: number): void {
  const tiles = new Set<number>();
  while (tiles.size < count) tiles.add(Math.floor(Math.random() * TILES));
  for (const tile of tiles) {
    const x = (columnOf(tile) + 0.5) * TILE_PX;
    const y = (rowOf(tile) + 0.5) * TILE_PX;
    const widthPx = 8 + Math.random() * 18;
    surface.line({ x, y }, { x: x + 0.1, y }, { colour: anyInk(), widthPx });
  }
}

export function swirl(surface: TileSurface): void {
  const pen = { colour: anyInk(), widthPx: 9 };
  let from = { x: Math.random() * PICTURE_PX, y: Math.random() * PICTURE_PX };
  let heading = Math.random() * Math.PI * 2;
  const bend = (Math.random() - 0.5) * 0.5;
  const steps = 6 + Math.random() * 18;
  for (let step = 0; step < steps; step += 1) {
    const to = { x: from.x + Math.cos(heading) * 22, y: from.y + Math.sin(heading) * 22 };
    surface.line(from, to, pen);
    from = to;
    heading += bend;
  }
}

/**
 * Paints the volume's chunks: who shares them, where two views differ, which one is meant.
 *
 * Always true: a cell's colour is who shares its present content; what lies at its foot is deeper the
 * more older contents snapshots keep.
 */
import type { ChunkState } from 'varve/volume';
import { paintWater } from '../inspector/slot-painter.ts';
import { ink } from '../ui/theme.ts';
import { sharersOf } from './cell-words.ts';
import { columnOf, rowOf, SIDE, TILES, tileAt } from './tiles.ts';

type Context = CanvasRenderingContext2D;

/** Shades of sharing: 1 is a few of the snapshots, the last all of them. */
const SHADES = 4;

function shadeOf(sharers: number, snapshots: number): number {
  if (sharers >= snapshots) return SHADES;
  return 1 + Math.floor(((sharers - 1) / Math.max(1, snapshots - 1)) * (SHADES - 1));
}

export function paintShares(
  context: Context,
  sidePx: number,
  map: readonly ChunkState[],
  snapshots: number,
): void {
  paintWater(context, sidePx, sidePx);
  // On whole pixels: rows of cells that are now wider, now narrower would shimmer.
  const edge = (index: number): number => Math.round((index * sidePx) / SIDE);
  const shades = Array.from({ length: SHADES }, (_, at) => ink(`share-${at + 1}`));
  const own = ink('share-own');
  const older = ink('share-old');
  for (const [tile, chunk] of map.entries()) {
    const x = edge(columnOf(tile));
    const y = edge(rowOf(tile));
    const width = edge(columnOf(tile) + 1) - x;
    const height = edge(rowOf(tile) + 1) - y;
    if (chunk.origin !== 'hole') {
      const sharers = sharersOf(chunk, snapshots);
      context.fillStyle =
        chunk.origin === 'own' || sharers === 0 ? own : shades[shadeOf(sharers, snapshots) - 1]!;
      context.fillRect(x, y, width, height);
    }
    const kept = chunk.versions - 1;
    if (kept === 0) continue;
    context.fillStyle = older;
    const depth = Math.max(1, Math.round((height * kept) / (kept + 4)));
    context.fillRect(x, y + height - depth, width, depth);
  }
  context.fillStyle = ink('share-grid');
  for (let at = 1; at < SIDE; at += 1) {
    context.fillRect(edge(at) - 0.5, 0, 0.5, sidePx);
    context.fillRect(0, edge(at) - 0.5, sidePx, 0.5);
  }
}

/** A line around every region of tiles that differ. */
export function paintDifferences(
  context: Context,
  sidePx: number,
  differs: ReadonlySet<number>,
): void {
  const cell = sidePx / SIDE;
  context.beginPath();
  for (const tile of differs) {
    const [column, row] = [columnOf(tile), rowOf(tile)];
    const isAlone = (dx: number, dy: number): boolean =>
      column + dx < 0 ||
      column + dx >= SIDE ||
      row + dy < 0 ||
      row + dy >= SIDE ||
      !differs.has(tileAt(column + dx, row + dy));
    const edge = (x1: number, y1: number, x2: number, y2: number): void => {
      context.moveTo((column + x1) * cell, (row + y1) * cell);
      context.lineTo((column + x2) * cell, (row + y2) * cell);
    };
    if (isAlone(0, -1)) edge(0, 0, 1, 0);
    if (isAlone(0, 1)) edge(0, 1, 1, 1);
    if (isAlone(-1, 0)) edge(0, 0, 0, 1);
    if (isAlone(1, 0)) edge(1, 0, 1, 1);
  }
  context.lineCap = 'square';
  context.strokeStyle = ink('differs-rim');
  context.lineWidth = 3.5;
  context.stroke();
  context.strokeStyle = ink('differs');
  context.lineWidth = 1.5;
  context.stroke();
}

export function paintCursor(context: Context, sidePx: number, tile: number): void {
  if (tile < 0 || tile >= TILES) return;
  const cell = sidePx / SIDE;
  const [x, y] = [columnOf(tile) * cell, rowOf(tile) * cell];
  context.strokeStyle = ink('paper');
  context.lineWidth = 3;
  context.strokeRect(x, y, cell, cell);
  context.strokeStyle = ink('ink');
  context.lineWidth = 1.5;
  context.strokeRect(x, y, cell, cell);
}

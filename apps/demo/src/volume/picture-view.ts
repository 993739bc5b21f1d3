/**
 * The picture, to be seen and drawn on, by pointer or by keys.
 *
 * Always true: a stroke is what happens between pressing and letting go, and becomes one group.
 */
import { paintWater } from '../inspector/slot-painter.ts';
import { el } from '../ui/dom.ts';
import { toastError } from '../ui/toast.ts';
import type { Easel } from './easel.ts';
import { gridCanvas, tileBeside } from './grid-canvas.ts';
import { paintCursor, paintDifferences } from './grid-painter.ts';
import type { Pointed } from './pointed.ts';
import { tileOf, type Point } from './tile-surface.ts';
import { columnOf, rowOf, TILE_PX } from './tiles.ts';
import type { ToolBox } from './tool-box.ts';

const FINE_PX = 12;
const BROAD_PX = 34;
/** What the secondary button of a mouse says in `buttons`. */
const SECONDARY = 2;

const middleOf = (tile: number): Point => ({
  x: (columnOf(tile) + 0.5) * TILE_PX,
  y: (rowOf(tile) + 0.5) * TILE_PX,
});

export function pictureView(easel: Easel, tools: ToolBox, pointed: Pointed): HTMLElement {
  const grid = gridCanvas(
    el('canvas', {
      class: 'tile-canvas picture-canvas',
      tabindex: 0,
      role: 'application',
      'aria-roledescription': 'drawing',
      'aria-label':
        'The picture, 32 by 32 chunks. Arrow keys move, Enter or Space puts a drop, Shift and an arrow draw, Delete trims the chunk.',
      'aria-describedby': 'cell-said',
    }),
    (context, sidePx) => {
      paintWater(context, sidePx, sidePx);
      context.imageSmoothingQuality = 'high';
      context.drawImage(easel.surface.canvas, 0, 0, sidePx, sidePx);
      paintDifferences(context, sidePx, easel.watch.differs);
      if (pointed.tile !== undefined && (pointed.isByKey || tools.isTrimming))
        paintCursor(context, sidePx, pointed.tile);
    },
  );
  const { element: canvas } = grid;
  let stroke: { from: Point; readonly trims: boolean } | undefined;

  const canDraw = (): boolean => easel.isReady && easel.task === undefined;
  const commit = (): void => {
    easel.commit().catch((error: unknown) => toastError('This was not written', error));
  };
  const draw = (from: Point, to: Point, trims: boolean): void => {
    if (trims) easel.surface.clearAlong(from, to);
    else {
      const widthPx = tools.isBroad ? BROAD_PX : FINE_PX;
      easel.surface.line(from, to, { colour: tools.ink.colour, widthPx });
    }
    grid.draw();
  };
  const end = (): void => {
    if (stroke === undefined) return;
    stroke = undefined;
    commit();
  };

  canvas.addEventListener('pointerdown', (event) => {
    if (stroke !== undefined || !canDraw()) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    const trims = tools.isTrimming || event.altKey || (event.buttons & SECONDARY) !== 0;
    const from = grid.pointOf(event);
    stroke = { from, trims };
    draw(from, { x: from.x + 0.1, y: from.y }, trims);
  });
  canvas.addEventListener('pointermove', (event) => {
    pointed.at(tileOf(grid.pointOf(event)));
    if (stroke === undefined) return;
    // All the ways between two frames: a fast hand draws no corners.
    const ways = event.getCoalescedEvents();
    for (const way of ways.length > 0 ? ways : [event]) {
      const to = grid.pointOf(way);
      draw(stroke.from, to, stroke.trims);
      stroke.from = to;
    }
  });
  canvas.addEventListener('pointerup', end);
  canvas.addEventListener('pointercancel', end);
  canvas.addEventListener('pointerleave', () => pointed.at(undefined));
  canvas.addEventListener('contextmenu', (event) => event.preventDefault());
  canvas.addEventListener('blur', () => pointed.at(undefined));
  canvas.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const tile = pointed.tile ?? 0;
    const next = tileBeside(tile, event.key);
    const isDrop = event.key === 'Enter' || event.key === ' ';
    const isTrim = event.key === 'Delete' || event.key === 'Backspace';
    if (next === undefined && !isDrop && !isTrim) return;
    event.preventDefault();
    event.stopPropagation();
    if (next !== undefined) pointed.at(pointed.tile === undefined ? tile : next, true);
    else pointed.at(tile, true);
    const isLine = next !== undefined && event.shiftKey;
    if (!canDraw() || (next !== undefined && !isLine)) return;
    const from = middleOf(tile);
    const to = isLine ? middleOf(next) : { x: from.x + 0.1, y: from.y };
    draw(from, to, isTrim || tools.isTrimming);
    commit();
  });

  easel.changed.on(grid.draw);
  pointed.changed.on(grid.draw);
  tools.changed.on(grid.draw);
  return canvas;
}

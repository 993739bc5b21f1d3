/** The map of all chunks: who shares each, and what older contents are kept. */
import { el, setText } from '../ui/dom.ts';
import { wordsOf } from './cell-words.ts';
import type { Easel } from './easel.ts';
import { gridCanvas, tileBeside } from './grid-canvas.ts';
import { paintCursor, paintDifferences, paintShares } from './grid-painter.ts';
import type { Pointed } from './pointed.ts';
import { tileOf } from './tile-surface.ts';

export function shareMap(easel: Easel, pointed: Pointed): HTMLElement {
  const grid = gridCanvas(
    el('canvas', {
      class: 'tile-canvas share-canvas',
      tabindex: 0,
      role: 'img',
      'aria-label': 'Map of the chunks by who shares them. Arrow keys walk through them.',
      'aria-describedby': 'cell-said',
    }),
    (context, sidePx) => {
      paintShares(context, sidePx, easel.watch.map, easel.frames.length);
      paintDifferences(context, sidePx, easel.watch.differs);
      if (pointed.tile !== undefined) paintCursor(context, sidePx, pointed.tile);
    },
  );
  const { element: canvas } = grid;
  const point = (event: PointerEvent): void => pointed.at(tileOf(grid.pointOf(event)));
  canvas.addEventListener('pointermove', point);
  canvas.addEventListener('pointerdown', point);
  canvas.addEventListener('pointerleave', () => pointed.at(undefined));
  canvas.addEventListener('blur', () => pointed.at(undefined));
  canvas.addEventListener('keydown', (event) => {
    const next = tileBeside(pointed.tile ?? 0, event.key);
    if (next === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    pointed.at(pointed.tile === undefined ? 0 : next, true);
  });
  easel.changed.on(grid.draw);
  pointed.changed.on(grid.draw);
  return canvas;
}

/** What the chunk is that somebody points at. */
export function cellSaid(easel: Easel, pointed: Pointed): HTMLElement {
  const said = el('p', { class: 'cell-said', id: 'cell-said' });
  const draw = (): void => {
    const { tile } = pointed;
    const chunk = tile === undefined ? undefined : easel.watch.map[tile];
    // Only what somebody asked for by key is read out; a pointer would never let it finish.
    said.setAttribute('aria-live', pointed.isByKey ? 'polite' : 'off');
    if (tile === undefined || chunk === undefined)
      return setText(said, 'Point at a chunk to hear who has it.');
    const from = easel.watch.differs.has(tile) ? easel.shown?.snapshot.name : undefined;
    setText(said, wordsOf(tile, chunk, easel.frames.length, from));
  };
  easel.changed.on(draw);
  pointed.changed.on(draw);
  draw();
  return said;
}

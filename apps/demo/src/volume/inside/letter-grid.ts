/**
 * Rows of small cells, one for each letter of a picture: the pool's chunks, the metadata's places.
 *
 * Always true: a cell beyond the letters was never given out, and has the colour of paper.
 */
import { el, setText } from '../../ui/dom.ts';
import { count } from '../../ui/format.ts';
import { ink } from '../../ui/theme.ts';
import type { Easel } from '../easel.ts';
import { gridCanvas } from '../grid-canvas.ts';
import { PICTURE_PX } from '../tiles.ts';

/** Letter → the name of its colour, and what it means. */
export type Letters = Readonly<Record<string, readonly [colour: string, words: string]>>;

export interface Lettered {
  readonly letters: string;
  /** Number of the first cell. */
  readonly first: number;
  /** Room for so many cells, whether or not there are letters for them. */
  readonly room: number;
}

interface LetterGrid {
  readonly title: string;
  /** One cell, as a person says it. */
  readonly noun: string;
  readonly columns: number;
  readonly letters: Letters;
  /** What a cell beyond the letters is; undefined: how many there are says nothing. */
  readonly beyond?: string;
  readonly of: () => Lettered | undefined;
}

/** What the cell is that somebody points at; undefined: none. */
export type Say = (words: string | undefined, isByKey: boolean) => void;

export function letterGrid(easel: Easel, grid: LetterGrid, say: Say): HTMLElement {
  const { columns } = grid;
  const cellsOf = ({ letters, room }: Lettered): number => Math.max(room, letters.length);
  const rowsNow = (): number => {
    const shown = grid.of();
    return shown === undefined ? 1 : Math.max(1, Math.ceil(cellsOf(shown) / columns));
  };
  let chosen = -1;
  const canvas = el('canvas', { class: 'letter-canvas', tabindex: 0, role: 'img' });
  const legend = el('ul', { class: 'legend' });
  const keys = Object.entries(grid.letters).map(([letter, [colour, words]]) => {
    const key = el('li', { class: `key key-${colour}` });
    legend.append(key);
    return { letter, words, key };
  });
  const beyond = grid.beyond === undefined ? undefined : el('li', { class: 'key key-never-given' });
  if (beyond !== undefined) legend.append(beyond);

  const paint = (context: CanvasRenderingContext2D, widthPx: number): void => {
    const shown = grid.of();
    context.fillStyle = ink('card');
    context.fillRect(0, 0, widthPx, (widthPx * rowsNow()) / columns);
    if (shown === undefined) return;
    const edge = (index: number): number => Math.round((index * widthPx) / columns);
    const cell = (at: number): readonly [number, number, number, number] => {
      const [column, row] = [at % columns, Math.floor(at / columns)];
      const [x, y] = [edge(column), edge(row)];
      return [x, y, edge(column + 1) - x, edge(row + 1) - y];
    };
    const colours = new Map(
      Object.entries(grid.letters).map(([letter, [colour]]) => [letter, ink(colour)]),
    );
    const gap = widthPx / columns > 5 ? 1 : 0.5;
    const never = ink('never-given');
    for (let at = 0; at < cellsOf(shown); at += 1) {
      const [x, y, width, height] = cell(at);
      context.fillStyle = colours.get(shown.letters[at] ?? '') ?? never;
      context.fillRect(x, y, width - gap, height - gap);
    }
    if (chosen < 0 || chosen >= shown.letters.length) return;
    context.strokeStyle = ink('ink');
    context.lineWidth = 2;
    context.strokeRect(...cell(chosen));
  };
  const painted = gridCanvas(canvas, paint, () => rowsNow() / columns);

  const choose = (at: number, isByKey = false): void => {
    const shown = grid.of();
    const letter = shown?.letters[at];
    chosen = letter === undefined ? -1 : at;
    say(
      shown === undefined || letter === undefined
        ? undefined
        : `${grid.noun} ${count(shown.first + at)}: ${grid.letters[letter]?.[1] ?? letter}.`,
      isByKey,
    );
    painted.draw();
  };
  const pick = (event: PointerEvent): void => {
    const { x, y } = painted.pointOf(event);
    const at = (px: number, cells: number): number =>
      Math.max(0, Math.min(cells - 1, Math.floor((px * cells) / PICTURE_PX)));
    choose(at(y, rowsNow()) * columns + at(x, columns));
  };
  canvas.addEventListener('pointermove', pick);
  canvas.addEventListener('pointerdown', pick);
  canvas.addEventListener('pointerleave', () => choose(-1));
  canvas.addEventListener('blur', () => choose(-1));
  canvas.addEventListener('keydown', (event) => {
    const shown = grid.of();
    if (shown === undefined) return;
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const next = Math.max(0, Math.min(shown.letters.length - 1, chosen + step));
    choose(chosen < 0 ? 0 : next, true);
  });

  const tell = (): void => {
    const shown = grid.of();
    if (shown === undefined) return;
    const counts = new Map<string, number>();
    for (const letter of shown.letters) counts.set(letter, (counts.get(letter) ?? 0) + 1);
    for (const { letter, words, key } of keys) {
      key.hidden = !counts.has(letter) && letter === '?';
      setText(key, `${count(counts.get(letter) ?? 0)} ${words}`);
    }
    if (beyond !== undefined) {
      const cells = cellsOf(shown) - shown.letters.length;
      beyond.hidden = cells === 0;
      setText(beyond, `${count(cells)} ${grid.beyond}`);
    }
    canvas.setAttribute(
      'aria-label',
      `${grid.title}: ${Array.from(legend.children, (key) => key.textContent).join(', ')}. Arrow keys walk through them.`,
    );
    canvas.style.aspectRatio = `${columns} / ${rowsNow()}`;
    painted.draw();
  };
  easel.watch.looked.on(tell);

  return el('figure', { class: 'letter-figure' }, el('figcaption', {}, grid.title), canvas, legend);
}

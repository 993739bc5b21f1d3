/**
 * A canvas with the volume's grid of chunks: its size in the screen's own pixels, which chunk is
 * under a pointer, and which one the keyboard is at.
 *
 * Always true: it is painted at most once a frame, and only while it has a size.
 */
import { themeChanged } from '../ui/theme.ts';
import { columnOf, PICTURE_PX, rowOf, SIDE, tileAt } from './tiles.ts';
import type { Point } from './tile-surface.ts';

export interface GridCanvas {
  readonly element: HTMLCanvasElement;
  /** Paints soon. */
  draw(): void;
  /** Where the pointer is, in pixels of the picture. */
  pointOf(event: PointerEvent): Point;
}

/** @param shape how high it is, in its width: 1 is a square */
export function gridCanvas(
  element: HTMLCanvasElement,
  paint: (context: CanvasRenderingContext2D, sidePx: number) => void,
  shape: () => number = () => 1,
): GridCanvas {
  let isDue = false;
  const paintNow = (): void => {
    isDue = false;
    const sidePx = element.clientWidth;
    const context = element.getContext('2d');
    if (context === null || sidePx === 0) return;
    const scaled = Math.round(sidePx * devicePixelRatio);
    const scaledHeight = Math.round(scaled * shape());
    if (element.width !== scaled || element.height !== scaledHeight) {
      element.width = scaled;
      element.height = scaledHeight;
    }
    const scale = scaled / sidePx;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    paint(context, sidePx);
  };
  const draw = (): void => {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(paintNow);
  };
  new ResizeObserver(draw).observe(element);
  themeChanged.on(draw);
  return {
    element,
    draw,
    pointOf(event) {
      const box = element.getBoundingClientRect();
      return {
        x: ((event.clientX - box.left) / box.width) * PICTURE_PX,
        y: ((event.clientY - box.top) / box.height) * PICTURE_PX,
      };
    },
  };
}

const STEPS: Readonly<Record<string, readonly [columns: number, rows: number]>> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};

/** The tile that an arrow key leads to; undefined for other keys. */
export function tileBeside(tile: number, key: string): number | undefined {
  const step = STEPS[key];
  if (step === undefined) return undefined;
  const within = (position: number): number => Math.max(0, Math.min(SIDE - 1, position));
  return tileAt(within(columnOf(tile) + step[0]), within(rowOf(tile) + step[1]));
}

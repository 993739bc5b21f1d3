/** A snapshot on the timeline, with a small picture of it. */
import type { Snapshot } from 'varve/volume';
import { paintWater } from '../inspector/slot-painter.ts';
import type { TileSurface } from './tile-surface.ts';

export interface Frame {
  /** The handle of the volume as it is open now. */
  readonly snapshot: Snapshot;
  /** Empty until the snapshot was read. */
  readonly thumb: HTMLCanvasElement;
  isDrawn: boolean;
}

const THUMB_PX = 128;

export function thumbCanvas(): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = THUMB_PX;
  canvas.height = THUMB_PX;
  return canvas;
}

export const frameOf = (snapshot: Snapshot): Frame => ({
  snapshot,
  thumb: thumbCanvas(),
  isDrawn: false,
});

export function paintThumb(thumb: HTMLCanvasElement, { canvas }: TileSurface): void {
  const context = thumb.getContext('2d');
  if (context === null) return;
  paintWater(context, THUMB_PX, THUMB_PX);
  context.imageSmoothingQuality = 'high';
  context.drawImage(canvas, 0, 0, THUMB_PX, THUMB_PX);
}

export function drawThumb(frame: Frame, surface: TileSurface): void {
  paintThumb(frame.thumb, surface);
  frame.isDrawn = true;
}

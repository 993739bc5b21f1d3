/**
 * Paints a map of the volume: its blocks as boxes, a leaf filled from below as far as it is full.
 *
 * Always true: how high a leaf's sediment stands is its fill; the deeper layer is what is shared.
 */
import type { MapLayout } from '@varve/protocol';
import { paintWater } from '../../inspector/slot-painter.ts';
import { plural } from '../../ui/format.ts';
import { ink } from '../../ui/theme.ts';
import type { MapName } from './block-words.ts';
import type { Box } from './tree-boxes.ts';

type Context = CanvasRenderingContext2D;

const MARK_PX = 3;
const HATCH_PX = 7;

export function paintTree(
  context: Context,
  name: MapName,
  boxes: readonly Box[],
  { chosen, isVague }: { chosen: Box | undefined; isVague: (box: Box) => boolean },
): void {
  const alone = ink(`map-${name}`);
  const shared = ink(`map-${name}-shared`);
  const node = ink('map-node');
  const changed = ink('covered');
  for (const box of boxes) {
    const { block, x, y, width, height } = box;
    // Neighbours are told apart by a line of paper, as long as there is room for one.
    const across = width > 3 ? width - 1 : width;
    context.save();
    context.translate(x, y);
    if (block.isDamaged) paintUnknown(context, 0, across, height);
    else if (block.level > 0) {
      context.fillStyle = node;
      context.fillRect(0, 0, across, height);
    } else {
      paintWater(context, across, height);
      const full = Math.min(height, Math.ceil(height * block.fill));
      const deep = block.values === 0 ? 0 : Math.round((full * block.shared) / block.values);
      context.fillStyle = alone;
      context.fillRect(0, height - full, across, full);
      if (isVague(box)) paintUnknown(context, height - full, across, full);
      context.fillStyle = shared;
      context.fillRect(0, height - deep, across, deep);
    }
    if (block.place === 0 && !block.isDamaged) {
      context.fillStyle = changed;
      context.fillRect(0, 0, across, MARK_PX);
    }
    context.restore();
  }
  labelNodes(context, boxes);
  if (chosen !== undefined) outline(context, chosen);
}

/** A part of a box of which nothing is known. */
function paintUnknown(context: Context, top: number, width: number, height: number): void {
  context.save();
  context.beginPath();
  context.rect(0, top, width, height);
  context.clip();
  context.fillStyle = ink('alarm-wash');
  context.fillRect(0, top, width, height);
  context.strokeStyle = ink('alarm');
  context.lineWidth = 2;
  context.beginPath();
  for (let at = -height; at < width; at += HATCH_PX) {
    context.moveTo(at, top + height);
    context.lineTo(at + height, top);
  }
  context.stroke();
  context.restore();
}

function labelNodes(context: Context, boxes: readonly Box[]): void {
  context.font = '600 11px ui-monospace, monospace';
  context.textBaseline = 'middle';
  context.fillStyle = ink('on-map-node');
  for (const { block, x, y, width, height } of boxes) {
    if (block.level === 0 || block.isDamaged) continue;
    const text = `${block.entries} below`;
    if (context.measureText(text).width + 12 > width) continue;
    context.fillText(text, x + 6, y + height / 2 + 1);
  }
}

function outline(context: Context, { x, y, width, height }: Box): void {
  context.strokeStyle = ink('paper');
  context.lineWidth = 4;
  context.strokeRect(x + 1, y + 1, Math.max(1, width - 3), height - 2);
  context.strokeStyle = ink('ink');
  context.lineWidth = 2;
  context.strokeRect(x + 1, y + 1, Math.max(1, width - 3), height - 2);
}

/** In a few words, for who does not see it. */
export const labelOf = (name: MapName, { height, damaged, list }: MapLayout): string =>
  height === 0
    ? `The ${name}: no block`
    : `The ${name}: ${plural(list.length, 'block')}${damaged === 0 ? '' : `, ${damaged} damaged`}. Arrow keys walk through them.`;

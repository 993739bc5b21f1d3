/**
 * Where each block of a map lies in its picture: the top block above, the leaves at the bottom, each as
 * wide as the chunks that it is for.
 *
 * Always true: a box lies below the one of the block above it, and is at least a pixel wide.
 */
import type { BlockLayout, MapLayout } from '@varve/protocol';

export interface Box {
  readonly block: BlockLayout;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const NODE_PX = 18;
const LEAF_PX = 56;
const GAP_PX = 3;

export const heightOf = ({ height }: MapLayout): number =>
  Math.max(0, height - 1) * (NODE_PX + GAP_PX) + LEAF_PX;

export function boxesOf(map: MapLayout, widthPx: number): Box[] {
  const end = map.list.reduce((most, { to }) => Math.max(most, to), 1);
  const at = (chunk: number): number => Math.round((chunk * widthPx) / end);
  return map.list.map((block) => {
    const x = Math.min(at(block.from), widthPx - 1);
    return {
      block,
      x,
      y: (map.height - 1 - block.level) * (NODE_PX + GAP_PX),
      width: Math.max(1, at(block.to) - x),
      height: block.level === 0 ? LEAF_PX : NODE_PX,
    };
  });
}

/** The block at a point, by its number in the list; −1: none. */
export const boxAt = (boxes: readonly Box[], x: number, y: number): number =>
  boxes.findIndex(
    (box) => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height,
  );

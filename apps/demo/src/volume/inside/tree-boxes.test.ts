import type { BlockLayout, MapLayout } from '@varve/protocol';
import { expect, test } from 'vitest';
import { boxAt, boxesOf, heightOf } from './tree-boxes.ts';

const block = (level: number, from: number, to: number): BlockLayout => ({
  level,
  from,
  to,
  place: 1,
  entries: 1,
  values: 1,
  shared: 0,
  fill: 0.5,
  isDamaged: false,
});

const mapOf = (height: number, list: BlockLayout[]): MapLayout => ({
  height,
  damaged: 0,
  list,
});

test('what lies below lies below, and every block can be pointed at', () => {
  const list = [block(1, 0, 1_024), block(0, 0, 508), block(0, 508, 1_016), block(0, 1_016, 1_024)];
  const map = mapOf(2, list);
  for (const width of [300, 1_000]) {
    const boxes = boxesOf(map, width);
    for (const [index, { x, y, width: across, height }] of boxes.entries()) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + across).toBeLessThanOrEqual(width);
      expect(y + height).toBeLessThanOrEqual(heightOf(map));
      expect(boxAt(boxes, x + across / 2, y + height / 2)).toBe(index);
    }
    expect(boxes[1]!.y).toBeGreaterThanOrEqual(boxes[0]!.y + boxes[0]!.height);
    expect(boxAt(boxes, width + 5, 5)).toBe(-1);
  }
});

test('a map without blocks has a picture, and nothing in it', () => {
  expect(boxesOf(mapOf(0, []), 300)).toEqual([]);
  expect(heightOf(mapOf(0, []))).toBeGreaterThan(0);
});

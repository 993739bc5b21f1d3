/**
 * Paints one slot on a canvas: water, then batches in layers from the bottom up, then the markers.
 *
 * Always true: one call paints the whole picture, and a layer stands where its bytes stand.
 */
import type { BatchLayout } from 'varve';
import { ink } from '../ui/theme.ts';
import { piecesOf, type SlotWindow } from './slot-window.ts';

export interface SlotPicture {
  readonly width: number;
  readonly height: number;
  readonly view: SlotWindow;
  /** Bytes written, the header included. */
  readonly usedBytes: number;
  readonly batches: readonly BatchLayout[];
  readonly durableLsn: number;
  readonly coveredLsn: number;
  readonly chosen: BatchLayout | undefined;
}

/** A hole this long between batches is where a restart cut and began anew. */
const CUT_BYTES = 64;

export const lastLsnOf = (batch: BatchLayout): number => batch.firstLsn + batch.count - 1;

/** The offset after the batch that holds `lsn`, or undefined if it is not in this slot. */
function endOf(batches: readonly BatchLayout[], lsn: number): number | undefined {
  const batch = batches.find(
    (each) => each.count > 0 && each.firstLsn <= lsn && lsn <= lastLsnOf(each),
  );
  return batch === undefined ? undefined : batch.offset + batch.bytes;
}

/** Colours by kind, two each so that neighbours can be told apart. Looked up once a picture. */
function palette(): (kind: BatchLayout['kind'], index: number) => string {
  const pair = (kind: string): readonly [string, string] => [
    ink(`kind-${kind}`),
    ink(`kind-${kind}-2`),
  ];
  const pairs = {
    records: pair('records'),
    fragment: pair('fragment'),
    control: pair('control'),
    mark: pair('mark'),
  };
  return (kind, index) => pairs[kind][index % 2]!;
}

export function paintWater(context: CanvasRenderingContext2D, width: number, height: number): void {
  const water = context.createLinearGradient(0, 0, 0, height);
  water.addColorStop(0, ink('water-top'));
  water.addColorStop(1, ink('water-deep'));
  context.fillStyle = water;
  context.fillRect(0, 0, width, height);
}

export function paintSlot(context: CanvasRenderingContext2D, picture: SlotPicture): void {
  const { width, height, view, batches } = picture;
  const rowHeight = height / view.rows;
  const gap = rowHeight > 8 ? 1.5 : 1;
  const top = (row: number): number => height - (row + 1) * rowHeight;

  const block = (offset: number, bytes: number, colour: string): void => {
    context.fillStyle = colour;
    for (const { row, from, to } of piecesOf(view, offset, bytes)) {
      const across = Math.max(1, (to - from) * width - 0.8);
      context.fillRect(from * width, top(row) + gap / 2, across, rowHeight - gap);
    }
  };

  const label = (batch: BatchLayout): void => {
    const [first] = piecesOf(view, batch.offset, batch.bytes);
    if (first === undefined || batch.kind !== 'records' || batch.count === 0) return;
    const text =
      batch.count === 1 ? String(batch.firstLsn) : `${batch.firstLsn}–${lastLsnOf(batch)}`;
    if (context.measureText(text).width + 10 > (first.to - first.from) * width) return;
    context.fillText(text, first.from * width + 5, top(first.row) + rowHeight / 2 + 0.5);
  };

  const marker = (offset: number | undefined, colour: string): void => {
    if (offset === undefined) return;
    const row = Math.min(view.rows - 1, Math.floor((offset - 1) / view.bytesPerRow));
    const x = ((offset - row * view.bytesPerRow) / view.bytesPerRow) * width;
    const y = Math.max(5, top(row) - 5);
    context.fillStyle = colour;
    context.fillRect(Math.min(width - 3, x - 1.5), y, 3, top(row) + rowHeight + 2 - y);
    context.beginPath();
    context.arc(Math.min(width - 4, Math.max(4, x)), y, 4, 0, Math.PI * 2);
    context.fill();
  };

  const outline = (batch: BatchLayout): void => {
    context.strokeStyle = ink('ink');
    context.lineWidth = 2;
    for (const { row, from, to } of piecesOf(view, batch.offset, batch.bytes)) {
      const across = Math.max(2, (to - from) * width - 2);
      context.strokeRect(from * width + 1, top(row) + 1, across, rowHeight - 2);
    }
  };

  paintWater(context, width, height);
  const colourOf = palette();
  const cut = ink('cut');
  let end = Math.min(batches[0]?.offset ?? picture.usedBytes, picture.usedBytes);
  if (end > 0) block(0, end, ink('header'));
  for (const [index, batch] of batches.entries()) {
    if (batch.offset - end >= CUT_BYTES) block(end, batch.offset - end, cut);
    block(batch.offset, batch.bytes, colourOf(batch.kind, index));
    end = batch.offset + batch.bytes;
  }
  if (rowHeight >= 14) {
    context.font = `600 ${Math.min(11, rowHeight - 5)}px ui-monospace, monospace`;
    context.textBaseline = 'middle';
    context.fillStyle = ink('on-records');
    for (const batch of batches) label(batch);
  }
  marker(endOf(batches, picture.coveredLsn), ink('covered'));
  marker(endOf(batches, picture.durableLsn), ink('durable'));
  if (picture.chosen !== undefined) outline(picture.chosen);
}

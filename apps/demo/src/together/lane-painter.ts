/**
 * Paints the numbers of one tab over the last seconds: water, a layer for each number in the colour
 * of its epoch, and a line where an epoch began.
 *
 * Always true: now is at the right edge, and all lanes have the same scale.
 */
import { paintWater } from '../inspector/slot-painter.ts';
import { ink } from '../ui/theme.ts';
import { LANE_MS, type Arrival, type Epoch } from './society.ts';

const LAYER_WIDTH = 2;
const COLOURS = 6;

export interface LanePicture {
  readonly width: number;
  readonly height: number;
  readonly nowMs: number;
  readonly arrivals: readonly Arrival[];
  readonly epochs: readonly Epoch[];
}

export function paintLane(context: CanvasRenderingContext2D, picture: LanePicture): void {
  const { width, height, nowMs, arrivals, epochs } = picture;
  const at = (ms: number): number => width - ((nowMs - ms) / LANE_MS) * width;
  paintWater(context, width, height);
  let epoch = -1;
  for (const arrival of arrivals) {
    if (arrival.epoch !== epoch) {
      epoch = arrival.epoch;
      context.fillStyle = ink(`gen-${epoch % COLOURS}`);
    }
    context.fillRect(at(arrival.atMs) - LAYER_WIDTH, 5, LAYER_WIDTH, height - 10);
  }
  context.strokeStyle = ink('ink');
  context.fillStyle = ink('ink');
  context.font = `600 10px ${ink('sans')}`;
  context.textBaseline = 'top';
  for (const { number, atMs } of epochs.slice(1)) {
    const x = Math.round(at(atMs)) + 0.5;
    if (x < 0) continue;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.stroke();
    const label = String(number);
    const room = context.measureText(label).width + 8;
    context.fillStyle = ink('ink');
    context.fillRect(x, 0, room, 14);
    context.fillStyle = ink('paper');
    context.fillText(label, x + 4, 2);
  }
}

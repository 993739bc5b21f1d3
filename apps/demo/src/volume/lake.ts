/**
 * A lake, painted year by year: each lays a light and a dark layer, a varve, on its bottom.
 *
 * Always true: from one year to the next little changes, so most tiles are shared by all years.
 */
import { PICTURE_PX } from './tiles.ts';

export const YEARS = 8;

type Context = CanvasRenderingContext2D;

const SHORE = 430;
const BED = 968;
const LAYER = 46;

/** Soft waves that look like chance and are none. */
const wave = (x: number, seed: number): number =>
  Math.sin(x / 97 + seed * 1.7) * 7 + Math.sin(x / 41 + seed * 3.1) * 3.5 + Math.sin(x / 17 + seed);

/** Fills from a line that `top` gives down to the picture's end. */
function below(context: Context, fill: string | CanvasGradient, top: (x: number) => number): void {
  context.fillStyle = fill;
  context.beginPath();
  context.moveTo(0, PICTURE_PX);
  for (let x = 0; x <= PICTURE_PX; x += 4) context.lineTo(x, top(x));
  context.lineTo(PICTURE_PX, PICTURE_PX);
  context.fill();
}

function gradient(
  context: Context,
  from: number,
  to: number,
  ...colours: string[]
): CanvasGradient {
  const fill = context.createLinearGradient(0, from, 0, to);
  for (const [at, colour] of colours.entries())
    fill.addColorStop(at / (colours.length - 1), colour);
  return fill;
}

function sky(context: Context): void {
  context.fillStyle = gradient(context, 0, SHORE, '#5f97a6', '#a9cbc4', '#f0d9a8', '#eab98a');
  context.fillRect(0, 0, PICTURE_PX, SHORE + 20);
  context.fillStyle = '#fbe9bf';
  context.beginPath();
  context.arc(742, 236, 52, 0, Math.PI * 2);
  context.fill();
}

function mountains(context: Context, year: number): void {
  const ridge = (x: number, height: number, seed: number): number =>
    SHORE -
    height *
      Math.max(0.12, Math.abs(Math.sin(x / 173 + seed)) * 0.75 + Math.sin(x / 61 + seed) * 0.12);
  below(context, '#7d97a0', (x) => ridge(x, 225, 0.6));
  below(context, '#4f6f74', (x) => ridge(x, 130, 2.2));
  below(context, '#2f5049', (x) => SHORE - 26 - Math.abs(wave(x * 2.3, 9)) * 1.6);
  if (year % 3 !== 2) return;
  // A late spring: snow on the highest summit.
  context.save();
  context.beginPath();
  context.rect(96, 190, 150, 62);
  context.clip();
  below(context, '#f3f1ea', (x) => ridge(x, 225, 0.6));
  context.restore();
}

function water(context: Context): void {
  const fill = gradient(context, SHORE, BED, '#8fb9b6', '#3f7f88', '#16505c', '#0c3844');
  below(context, fill, () => SHORE);
  context.fillStyle = 'rgb(255 240 205 / 34%)';
  for (let at = 0; at < 15; at += 1) {
    const width = 150 - at * 8;
    context.fillRect(742 - width / 2 + wave(at * 60, 3), SHORE + 6 + at * 9, width, 3);
  }
}

const topOf = (x: number, year: number): number =>
  BED - (year + 1) * LAYER + wave(x, year * 0.55) * 1.3;

function layers(context: Context, years: number): void {
  for (let year = years; year >= 0; year -= 1) {
    const light = ['#d9b877', '#cfa45c', '#e2c88f', '#c79a55'][year % 4]!;
    below(context, light, (x) => topOf(x, year));
    below(context, '#5d3b22', (x) => topOf(x, year) + 30 + wave(x, year + 4) * 0.6);
  }
  below(context, gradient(context, BED - 20, PICTURE_PX, '#4c443b', '#2b2824'), (x) =>
    topOf(x, -1),
  );
}

/** On the left shore; it grows. */
function fir(context: Context, year: number): void {
  const height = 74 + year * 24;
  const foot = SHORE + 14;
  context.fillStyle = '#3f2c1c';
  context.fillRect(106, foot - 24, 10, 26);
  for (let storey = 0; storey < 4; storey += 1) {
    const top = foot - height + (storey * height) / 5;
    const half = 12 + (storey + 1) * (7 + year * 1.6);
    context.fillStyle = ['#1f4a37', '#275a42', '#1f4a37', '#235240'][storey]!;
    context.beginPath();
    context.moveTo(111, top);
    context.lineTo(111 + half, top + height / 3.1);
    context.lineTo(111 - half, top + height / 3.1);
    context.fill();
  }
  context.fillStyle = '#2f5049';
  context.beginPath();
  context.ellipse(104, foot + 8, 128, 17, 0, 0, Math.PI * 2);
  context.fill();
}

/** A little further every year. */
function boat(context: Context, year: number): void {
  const x = 300 + year * 74;
  const y = SHORE + 34;
  context.fillStyle = '#99402c';
  context.beginPath();
  context.moveTo(x - 42, y - 8);
  context.lineTo(x + 46, y - 8);
  context.lineTo(x + 30, y + 10);
  context.lineTo(x - 30, y + 10);
  context.fill();
  context.fillStyle = '#fffdf8';
  context.beginPath();
  context.moveTo(x + 2, y - 92);
  context.lineTo(x + 38, y - 16);
  context.lineTo(x + 2, y - 16);
  context.fill();
  context.fillStyle = '#f2d9a2';
  context.beginPath();
  context.moveTo(x - 3, y - 84);
  context.lineTo(x - 3, y - 16);
  context.lineTo(x - 32, y - 16);
  context.fill();
}

/** @param year from 0 */
export function paintLake(context: Context, year: number): void {
  sky(context);
  mountains(context, year);
  water(context);
  layers(context, year);
  fir(context, year);
  boat(context, year);
}

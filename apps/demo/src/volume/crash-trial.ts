/**
 * Strokes fall, the worker dies in the middle of them, and what is there then is held against the
 * ledger.
 *
 * Always true: the ledger hears of a stroke before the volume does, and of its acknowledgement when
 * the page does.
 */
import type { Volume } from 'varve/volume';
import { swirl } from './chance-strokes.ts';
import type { LiveVolume } from './live-volume.ts';
import { readPicture, writeTiles } from './picture-io.ts';
import { StrokeLedger, type Judgement } from './stroke-ledger.ts';
import type { TileSurface, TileWrite } from './tile-surface.ts';
import { hashesOf } from './tiles.ts';

export interface CrashVerdict extends Judgement {
  /** From asking for the volume until it served, ms. */
  readonly openedInMs: number;
}

const BLOW_MS = 800;
const DOWN_MS = 500;
/** Strokes that wait for their acknowledgement. */
const AT_ONCE = 12;
/** How long the page stands still, at most, so that the worker is somewhere in its work. */
const MIDWAY_MS = 4;

export async function crashTrial(
  live: LiveVolume,
  volume: Volume,
  surface: TileSurface,
  onStroke: () => void,
): Promise<CrashVerdict> {
  const ledger = new StrokeLedger();
  ledger.begin(surface.hashes);
  const waiting = new Set<Promise<void>>();
  let failure: Error | undefined;
  const draw = (): readonly TileWrite[] => {
    swirl(surface);
    return surface.take();
  };
  const send = (writes: readonly TileWrite[]): void => {
    const number = ledger.issue(new Map(writes.map(({ tile, hash }) => [tile, hash])));
    const answered = writeTiles(volume, writes)
      .then(
        () => ledger.acknowledge(number),
        (error: unknown) => {
          failure ??= error instanceof Error ? error : new Error(String(error));
        },
      )
      .finally(() => waiting.delete(answered));
    waiting.add(answered);
    onStroke();
  };

  const untilMs = performance.now() + BLOW_MS * (0.6 + Math.random() * 0.8);
  while (performance.now() < untilMs) {
    while (waiting.size < AT_ONCE) send(draw());
    await Promise.race(waiting);
    if (failure !== undefined) throw failure;
  }
  // Drawing takes longer than writing: what is to be on its way at the end is drawn before.
  const last = Array.from({ length: AT_ONCE }, draw);
  for (const writes of last) send(writes);
  await midway();
  live.kill();
  // What was acknowledged on its way here still counts.
  await Promise.all(waiting);
  await pause(DOWN_MS);
  const picture = await readPicture(await live.open());
  return { ...ledger.judge(hashesOf(picture)), openedInMs: live.openedInMs };
}

/** Not by a timer: the page would have heard of most answers when it comes. */
async function midway(): Promise<void> {
  for (let turn = 0; turn < 16; turn += 1) await Promise.resolve();
  const untilMs = performance.now() + Math.random() * MIDWAY_MS;
  while (performance.now() < untilMs);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

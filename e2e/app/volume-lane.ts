/**
 * One of several tabs that share a volume: it goes through the steps of its lane and tells of each.
 *
 * Always true:
 * - a step is begun when the one before is known to be there
 * - whether a step happened whose call failed with `unknown` is seen by looking: what is there is what
 *   was before the step, or after it, and nothing else
 */
import { isVarveError } from 'varve';
import { openVolume, type Volume, type VolumeStatus } from 'varve/volume';
import { isSameModel, laneAfter, laneStep, SHARED_OPTIONS, BLOCKS } from './volume-plan.ts';
import type { VolumeModel } from './volume-plan.ts';
import { numbersIn, takeStep } from './volume-steps.ts';

/** `how`: `done`, or the errors that came before it was. */
export type LaneTold = (step: number, how: readonly string[]) => Promise<void>;

/** So often all that is there is read, through whoever leads. */
const LOOK_EVERY = 7;

export function laneRunner(): {
  /** Goes on behind step `told`, or the one after it. Never ends by itself. */
  run(name: string, lane: number, told: number, tell: LaneTold): Promise<void>;
  /** Which step of a lane is the last that is there: `told` or the next. */
  lastOf(name: string, lane: number, told: number): Promise<number>;
  status(): Promise<VolumeStatus | undefined>;
  findings(name: string): Promise<readonly unknown[]>;
} {
  let open: Volume | undefined;
  return {
    async run(name, lane, told, tell) {
      const volume = await openVolume(name, SHARED_OPTIONS);
      open = volume;
      for (let at = (await lastThere(volume, lane, told)) + 1; ; at++) {
        await tell(at, await bring(volume, lane, at));
        if (at % LOOK_EVERY === 0) await lastThere(volume, lane, at, at);
      }
    },
    async lastOf(name, lane, told) {
      const volume = await openVolume(name, SHARED_OPTIONS);
      const last = await lastThere(volume, lane, told);
      await volume.close();
      return last;
    },
    status: async () => open?.status(),
    async findings(name) {
      const volume = await openVolume(name);
      const { findings } = await volume.check();
      await volume.close();
      return findings;
    },
  };
}

/** Until the step is there. */
async function bring(volume: Volume, lane: number, at: number): Promise<readonly string[]> {
  const errors: string[] = [];
  for (;;) {
    try {
      await takeStep(volume, laneStep(lane, at), at, lane * BLOCKS);
      return errors;
    } catch (error) {
      if (!isVarveError(error) || error.outcome === undefined) throw error;
      errors.push(`${error.code} ${error.outcome}`);
      const last = await lastThere(volume, lane, at - 1);
      if (last === at && error.outcome === 'not-written') throw error;
      if (last === at) return errors;
    }
  }
}

async function lastThere(
  volume: Volume,
  lane: number,
  told: number,
  next = told + 1,
): Promise<number> {
  const found = await laneOf(volume, lane);
  const last = [told, next].find((step) => isSameModel(laneAfter(lane, step), found));
  if (last === undefined)
    throw new Error(`lane ${lane} after step ${told}: ${JSON.stringify(found)}`);
  return last;
}

async function laneOf(volume: Volume, lane: number): Promise<VolumeModel> {
  const snapshots: Record<string, number[]> = {};
  for (const snapshot of await volume.snapshots())
    if (snapshot.name.startsWith(`${lane}-`))
      snapshots[snapshot.name] = await numbersIn(snapshot, lane * BLOCKS);
  return { origin: await numbersIn(volume, lane * BLOCKS), snapshots };
}

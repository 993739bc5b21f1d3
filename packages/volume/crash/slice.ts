/**
 * What a worker of the lane of volumes runs: a range of cases, and now and then a run over failing
 * files. Bundled by those who run it, so that planted bugs reach exactly the code that they are put into.
 */
import { type Profile, seedOf } from '@varve/files/simulated';
import { caseOf } from './cases.ts';
import { CaseRun, type LaneLimits, LIMITS } from './explorer.ts';
import { faultRun } from './fault-run.ts';
import { faultId, parseReplayId } from './image-id.ts';
import { newVolumeTally, type VolumeTally } from './tally.ts';

export interface VolumeSlice {
  readonly seed: number;
  /** First case, and the one before which it ends; the profiles take turns. */
  readonly from: number;
  readonly to: number;
  readonly profiles: readonly Profile[];
  readonly images?: number;
  readonly violations?: number;
  /** One case in so many is followed by a run over failing files; 0: none. */
  readonly faultsEvery?: number;
}

export async function runVolumeSlice(slice: VolumeSlice): Promise<VolumeTally> {
  const { seed, from, to, profiles, faultsEvery = 8 } = slice;
  const { images = LIMITS.images, violations = LIMITS.violations } = slice;
  const limits = { ...LIMITS, images, violations };
  const tally = newVolumeTally();
  for (let number = from; number < to; number++) {
    if (tally.images >= images || tally.violations.length >= violations) break;
    const profile = profiles[number % profiles.length]!;
    const lane = caseOf(seed, Math.floor(number / profiles.length), profile);
    await new CaseRun(lane, limits, tally).start();
    if (faultsEvery > 0 && number % faultsEvery === 0) await failFiles(tally, seedOf(seed, number));
  }
  return tally;
}

/** One image again, or one case, by the id that a violation has. @throws when there is none */
export async function replayVolume(id: string, limits: LaneLimits = LIMITS): Promise<VolumeTally> {
  const replayed = parseReplayId(id);
  const tally = newVolumeTally();
  if ('faultSeed' in replayed) await failFiles(tally, replayed.faultSeed);
  else {
    const { lane, path } = replayed;
    await new CaseRun(lane, limits, tally).replay(path);
  }
  return tally;
}

async function failFiles(tally: VolumeTally, seed: number): Promise<void> {
  tally.faultRuns++;
  try {
    tally.strikes += (await faultRun(seed)).strikes;
  } catch (error) {
    const [reason, stack] = error instanceof Error ? [error.message, error.stack] : [String(error)];
    const failure = { reason: reason.split('\n')[0]!, stack: stack ?? '', what: '' };
    tally.violations.push({ profile: 'failing files', ...failure, id: faultId(seed) });
  }
}

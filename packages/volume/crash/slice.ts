/**
 * What a worker of the lane of volumes runs: a range of cases, crashes and failing files in turn.
 * Bundled by those who run it, so that planted bugs reach exactly the code that they are put into.
 */
import { exploreCase } from './explorer.ts';
import { faultRun } from './fault-run.ts';

export interface VolumeSlice {
  /** First case, and the one before which it ends. */
  readonly from: number;
  readonly to: number;
}

export interface VolumeTally {
  cases: number;
  images: number;
  /** Of crashes inside a recovery, or in what was done after one. */
  secondImages: number;
  deviceOps: number;
  /** Runs over failing files, and how often a file failed in them. */
  faultRuns: number;
  strikes: number;
  /** Images by profile. */
  readonly profiles: Record<string, { images: number; violations: number }>;
  readonly violations: { readonly id: string; readonly reason: string }[];
}

export const newVolumeTally = (): VolumeTally => ({
  cases: 0,
  images: 0,
  secondImages: 0,
  deviceOps: 0,
  faultRuns: 0,
  strikes: 0,
  profiles: {},
  violations: [],
});

export function addVolumeTally(sum: VolumeTally, more: VolumeTally): void {
  const counts = ['cases', 'images', 'secondImages', 'deviceOps', 'faultRuns', 'strikes'] as const;
  for (const count of counts) sum[count] += more[count];
  for (const [profile, { images, violations }] of Object.entries(more.profiles)) {
    const of = (sum.profiles[profile] ??= { images: 0, violations: 0 });
    of.images += images;
    of.violations += violations;
  }
  sum.violations.push(...more.violations);
}

export async function runVolumeSlice({ from, to }: VolumeSlice): Promise<VolumeTally> {
  const tally = newVolumeTally();
  for (let seed = from; seed < to; seed++) {
    await violating(tally, `volume:${seed}`, () => crash(tally, seed));
    await violating(tally, `volume-faults:${seed}`, async () => {
      tally.faultRuns++;
      tally.strikes += (await faultRun(seed)).strikes;
    });
  }
  return tally;
}

/** One case again, by the id that a violation has. @throws what is wrong */
export async function replayVolume(id: string): Promise<void> {
  const [, kind, seed] = /^(volume|volume-faults):(\d+)$/.exec(id) ?? [];
  if (seed === undefined) throw new Error(`no case of a volume is called ${id}`);
  if (kind === 'volume') await exploreCase(Number(seed));
  else await faultRun(Number(seed));
}

async function crash(tally: VolumeTally, seed: number): Promise<void> {
  tally.cases++;
  const { profile, images, secondImages, deviceOps } = await exploreCase(seed);
  const of = (tally.profiles[profile] ??= { images: 0, violations: 0 });
  of.images += images + secondImages;
  tally.images += images + secondImages;
  tally.secondImages += secondImages;
  tally.deviceOps += deviceOps;
}

async function violating(tally: VolumeTally, id: string, task: () => Promise<void>): Promise<void> {
  try {
    await task();
  } catch (error) {
    tally.violations.push({ id, reason: error instanceof Error ? error.message : String(error) });
  }
}

/**
 * The id that runs one image alone: `volume:seed.case.profile.path`; the path names the image of each
 * life, first to last, joined by `+`. Without a path: the case as it runs. `volume-faults:N` is a run
 * over failing files.
 */
import type { Profile } from '@varve/files/simulated';
import { caseOf, type VolumeCase } from './cases.ts';
import { ALL_PROFILES } from './promises.ts';

export type VolumeReplay =
  | { readonly lane: VolumeCase; readonly path: readonly string[] }
  | { readonly faultSeed: number };

export function replayId(
  { runSeed, number, profile }: VolumeCase,
  path: readonly string[],
): string {
  return `volume:${runSeed}.${number}.${profile}.${path.join('+')}`;
}

export const faultId = (seed: number): string => `volume-faults:${seed}`;

/** @throws Error when it is no id of an image */
export function parseReplayId(id: string): VolumeReplay {
  const faults = /^volume-faults:(\d+)$/.exec(id);
  if (faults !== null) return { faultSeed: Number(faults[1]) };
  const [, seed, number, name, path] = /^volume:(\d+)\.(\d+)\.([a-z-]+)\.(.*)$/.exec(id) ?? [];
  const profile = ALL_PROFILES.find((one): one is Profile => one === name);
  if (profile === undefined || path === undefined) throw new Error(`no image has the id ${id}`);
  const lane = caseOf(Number(seed), Number(number), profile);
  return { lane, path: path === '' ? [] : path.split('+') };
}

/**
 * The short id that runs one image alone: `seed.case.profile[.workload].path`.
 *
 * The path names the image of each life, first to last, joined by `+`: `12:x3+4:p1`; after an `@`
 * stands the number that its treatment is drawn from, when that is not the usual one. A shrunk case
 * spells its workload out, with where its fault begins and ends: `small,fill!0-2`.
 */
import type { Profile } from '@varve/files/simulated';
import { ALL_PROFILES, caseOf, type LaneCase } from './cases.ts';

export interface PathElement {
  /** `op:choice`, as the simulated disk names its images. */
  readonly image: string;
  readonly treatment?: number | undefined;
}

export type ImagePath = readonly PathElement[];

export interface Replay {
  readonly lane: LaneCase;
  readonly path: ImagePath;
}

export function elementOf({ image, treatment }: PathElement): string {
  return treatment === undefined ? image : `${image}@${treatment.toString(36)}`;
}

export function replayId(lane: LaneCase, path: ImagePath): string {
  const { runSeed, number, profile, spelled } = lane;
  const parts: (string | number)[] = [runSeed, number, profile];
  if (spelled === true) {
    const { workload, faultBeginsAt, faultEndsAt } = lane;
    parts.push(`${workload.join(',')}!${faultBeginsAt}-${faultEndsAt}`);
  }
  return [...parts, path.map(elementOf).join('+')].join('.');
}

/** @throws Error when it is no id of an image */
export function parseReplayId(id: string): Replay {
  // An explicit choice may hold dots: what is left belongs to the path.
  const shape = /^(\d+)\.(\d+)\.([a-z-]+)\.(?:([\w,~-]*)!(\d+)-(\d+|Infinity)\.)?([^!]*)$/.exec(id);
  const [, seed, number, name, spelled, begins, ends, path] = shape ?? [];
  const profile = ALL_PROFILES.find((one): one is Profile => one === name);
  if (profile === undefined || path === undefined) throw new Error(`no image has the id ${id}`);
  let lane = caseOf(Number(seed), Number(number), profile);
  if (spelled !== undefined) {
    const workload = spelled.split(',').filter((operation) => operation !== '');
    lane = spellOut(lane, workload, Number(begins), Number(ends));
  }
  return { lane, path: path === '' ? [] : path.split('+').map(parseElement) };
}

/** The case with another workload, as an id spells it out. */
export function spellOut(
  lane: LaneCase,
  workload: readonly string[],
  faultBeginsAt: number,
  faultEndsAt: number,
): LaneCase {
  return {
    ...lane,
    workload,
    faultBeginsAt,
    faultEndsAt,
    crashFrom: 0,
    subsets: 'few',
    spelled: true,
  };
}

function parseElement(text: string): PathElement {
  const [image, treatment] = text.split('@');
  return treatment === undefined
    ? { image: image! }
    : { image: image!, treatment: parseInt(treatment, 36) };
}

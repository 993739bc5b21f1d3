/**
 * What else happens to an image before or after it is checked, drawn by a number that stands in its id.
 *
 * Always true: equal numbers give equal treatments, so an id replays its image alone.
 */
import { SeededRandom } from '@varve/files/simulated';

export interface Treatment {
  /** Everything else about this image that is left to chance. */
  readonly random: SeededRandom;
  /** It is opened first with a read that fails. */
  readonly readFault: boolean;
  /** It loses one of its superblocks, if it has two: nothing may be lost by that. */
  readonly superblockRots: boolean;
  /** It is damaged in a way that may cost something, which must be said. */
  readonly wounded: boolean;
  /** It is recovered twice over, and must come out the same. */
  readonly twice: boolean;
  /** Its store is used further, erased, or only recovered, and crashes again in that. */
  readonly next: 'used' | 'recovered' | 'erased' | undefined;
}

export interface TreatmentRates {
  /** One image in so many, each; Infinity: none. */
  readonly rotEvery: number;
  readonly readFaultEvery: number;
  readonly woundEvery: number;
  readonly twiceEvery: number;
  readonly secondLifeEvery: number;
}

/** @param life 0: crashed in the first life; 1: in the second … */
export function treatmentOf(rates: TreatmentRates, number: number, life: number): Treatment {
  const random = new SeededRandom(number);
  const chance = (every: number): boolean => every !== Infinity && random.below(every) === 0;
  const readFault = chance(rates.readFaultEvery);
  const superblockRots = life === 0 && chance(rates.rotEvery);
  const wounded = life === 0 && chance(rates.woundEvery);
  const livesOn = !wounded && life < 2 && chance(rates.secondLifeEvery * 2 ** life);
  const twice = !livesOn && !wounded && chance(rates.twiceEvery);
  const dice = random.below(16);
  const next = life > 0 || dice < 5 ? 'recovered' : dice === 5 ? 'erased' : 'used';
  return { random, readFault, superblockRots, wounded, twice, next: livesOn ? next : undefined };
}

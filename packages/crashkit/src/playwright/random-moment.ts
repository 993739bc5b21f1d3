/** A moment that nobody chose, and that a seed brings back. */
import { SeededRandom } from '@varve/files/simulated';

export interface RandomMoment {
  readonly seed: number;
  /** At most so many acknowledgements to wait for (default: 100). */
  readonly acknowledgementsMax?: number;
  /** At most so many ms after that (default: 20). */
  readonly delayMsMax?: number;
}

export function momentOf({ seed, acknowledgementsMax = 100, delayMsMax = 20 }: RandomMoment): {
  acknowledgements: number;
  delayMs: number;
} {
  const random = new SeededRandom(seed);
  return {
    acknowledgements: 1 + random.below(acknowledgementsMax),
    delayMs: random.below(delayMsMax + 1),
  };
}

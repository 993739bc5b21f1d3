/**
 * A simulated disk that loses power, fails and rots, deterministically by seed.
 *
 * Who owns what: `SimulatedDisk` the run (numbers, faults, crash, history) · `DiskState` what the
 * machine's storage holds · `SimulatedFile` one file's cache and what is certain of it ·
 * `crash-point.ts` what a crash leaves open · `choices.ts` which answers to look at.
 */
export {
  ContextDied,
  SimulatedBrowser,
  type BrowserOptions,
  type SimulatedContext,
} from './browser/index.ts';
export { explicitId, spelledAnswers, type Subsets } from './choices.ts';
export { flipBit, makeStale, overwrite, swapBlocks } from './damage.ts';
export type {
  FaultEffect,
  FaultRule,
  FaultSite,
  InjectedFault,
  ShortLength,
} from './fault-plan.ts';
export { PROFILES, type Profile, type ProfileRules } from './profile.ts';
export { SeededRandom, seedOf } from './seeded-random.ts';
export { shrinkImage } from './shrink.ts';
export { SimulatedDirectory } from './simulated-directory.ts';
export {
  SimulatedCrash,
  SimulatedDisk,
  type DiskImage,
  type ImagesOptions,
  type SimulatedDiskOptions,
} from './simulated-disk.ts';
export type { SimulatedTime } from './simulated-time.ts';
export type { WriteFate } from './simulated-file.ts';

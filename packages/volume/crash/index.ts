/**
 * The lanes of volumes: simulated power cuts and failing files against a model.
 *
 * Who owns what: `cases` what is run · `Life` a volume in use, and what it may be after a crash ·
 * `places` where a crash fell · `promises` what holds under which profile · `oracle` the checks ·
 * `CaseRun` (explorer) the images of one case · `image-id` one image's name · `tally` what was seen ·
 * `slice` the loop · `fault-run`, `random-run`, `tree-run` running volumes without a crash.
 */
export { caseOf, type VolumeCase } from './cases.ts';
export { CaseRun, type LaneLimits, LIMITS } from './explorer.ts';
export { faultRun, type FaultFigures } from './fault-run.ts';
export { PLACES } from './places.ts';
export { PLANTED_BUGS, type PlantedVolumeBug } from './planted-bugs.ts';
export { ALL_PROFILES, isWhole } from './promises.ts';
export { randomRun, type RunFigures } from './random-run.ts';
export { replayVolume, runVolumeSlice, type VolumeSlice } from './slice.ts';
export {
  addVolumeTally,
  newVolumeTally,
  type VolumeFailure,
  type VolumeProfileTally,
  type VolumeTally,
} from './tally.ts';
export { treeRun, type TreeFigures } from './tree-run.ts';

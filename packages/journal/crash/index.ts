/**
 * The crash lane of the journal: simulated power cuts, faults and damage against a model.
 *
 * Who owns what: `cases` what is run · `operations` what a workload does · `Run` a store in use ·
 * `History` what was promised · `promises` under which profile · `oracle` the checks · `CaseRun` the
 * images of one case · `treatment` and `wounds` what else happens to them · `lane` the loop ·
 * `image-id` one image's name · `tally` what was seen · `reachability` which rows must be.
 */
export {
  ALL_PROFILES,
  caseOf,
  EVERY_SUBSET_FROM,
  EXHAUSTIVE_CASES,
  EXHAUSTIVE_TO,
  keyOf,
  type LaneCase,
} from './cases.ts';
export type { LaneLimits } from './case-run.ts';
export { LIMITS, replay, runCase, runLane } from './lane.ts';
export { type PlantedBug, plant } from './planted/bug.ts';
export { PLANTED_BUGS } from './planted/bugs.ts';
export { ROW_REACH, type RowReach, rowShortfalls, rowTable } from './reachability.ts';
export { shrinkFailure } from './shrink-failure.ts';
export { lineOf, replaySlice, runSlice, type Slice, type SliceProgress } from './slice.ts';
export { addTally, type Failure, newTally, type ProfileTally, type Tally } from './tally.ts';

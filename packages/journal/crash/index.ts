/**
 * The crash lane of the journal: simulated power cuts, faults and damage against a model.
 *
 * Who owns what: `cases` what is run · `operations` what a workload does · `Run` a store in use ·
 * `History` what was promised · `promises` under which profile · `oracle` the checks · `lane` the loop.
 */
export { ALL_PROFILES, caseOf, EXHAUSTIVE_CASES, keyOf, type LaneCase } from './cases.ts';
export { type LaneLimits, type LaneResult, LIMITS, newResult, runCase, runLane } from './lane.ts';
export { type PlantedBug, plant } from './planted/bug.ts';
export { PLANTED_BUGS } from './planted/bugs.ts';
export { runSlice, type Slice, type SliceProgress } from './slice.ts';

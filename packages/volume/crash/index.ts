export { exploreCase, type ExploreFigures, type ExploreLimits } from './explorer.ts';
export { faultRun, type FaultFigures } from './fault-run.ts';
export { randomRun, type RunFigures } from './random-run.ts';
export {
  addVolumeTally,
  newVolumeTally,
  replayVolume,
  runVolumeSlice,
  type VolumeSlice,
  type VolumeTally,
} from './slice.ts';
export { treeRun, type TreeFigures } from './tree-run.ts';

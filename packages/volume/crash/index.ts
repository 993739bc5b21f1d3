export { exploreCase, type ExploreFigures, type ExploreLimits } from './explorer.ts';
export { faultRun, type FaultFigures } from './fault-run.ts';
export { randomRun, type RunFigures } from './random-run.ts';
export { treeRun, type TreeFigures } from './tree-run.ts';

export { exploreCase, type ExploreFigures, type ExploreLimits } from './explorer.ts';
export { randomRun, type RunFigures } from './random-run.ts';

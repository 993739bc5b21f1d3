/** Automatic mutants of the journal, as what the bundler plants. */
export type { PlantedBug } from '../planted/bug.ts';
export { asPlanted, chooseMutants, type Mutant, nameOf } from './mutants.ts';

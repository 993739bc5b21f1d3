/**
 * Bugs that the simulation of tabs must catch, each a small patch of one file.
 */
import type { PlantedBug } from '@varve/journal/crash';

export const PLANTED_TAB_BUGS: readonly PlantedBug[] = [];

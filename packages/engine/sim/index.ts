/**
 * A deterministic simulation of many tabs, each with the real engine, on one machine.
 *
 * Who owns what: `plan` what happens · `case` one case's name · `Simulation` the run · `Tab` a page and
 * its worker · `Page` what an application asks for · `ports` the way between them · `values` what is
 * written · `History` what was told · `oracle` the checks · `lane` the loop · `shrink` the least that
 * fails · `planted` bugs that must be caught.
 */
export { caseOfName } from './case.ts';
export { addTabsTally, newTabsTally, type TabsFailure, type TabsTally } from './lane.ts';
export { PLANTED_TAB_BUGS } from './planted/bugs.ts';
export { replayTabs, runTabsSlice, type TabsSlice } from './slice.ts';

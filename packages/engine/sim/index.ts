/**
 * A deterministic simulation of many tabs, each with the real engine, on one machine.
 *
 * Who owns what: `world` what befalls a machine · `Machine` lets it happen · `Tab` a page and its worker ·
 * `Page`, `Caller` what an application asks for, and waits for · `ports` the way between them ·
 * `MachineHistory` what is wrong at once · `case` one case's name · `lane` the loop · `shrink` the least
 * that fails · `planted` bugs that must be caught. In `log` and in `volume`: `plan` what tabs are asked
 * to do · `run` one run · `values`, `registers` what is written · `History` what was told · `oracle` the
 * checks.
 */
export { type Subject, caseOfName } from './case.ts';
export { addTabsTally, newTabsTally, type TabsFailure, type TabsTally } from './lane.ts';
export { PLANTED_TAB_BUGS } from './planted/bugs.ts';
export { replayTabs, runTabsSlice, sliceFrom, type TabsSlice } from './slice.ts';

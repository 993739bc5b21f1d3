/**
 * What was issued and what was acknowledged, and whether what came back after a crash fits: for the
 * simulated disk, for real kills, or for anything that gives records back.
 */
export { History, type Crash, type HistoryOptions, type Issued, type Outcome } from './history.ts';
export { Violation, type Rule, type ViolationFacts } from './violation.ts';

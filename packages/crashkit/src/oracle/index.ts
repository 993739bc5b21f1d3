/**
 * What was issued and what was acknowledged, and whether what came back after a crash fits.
 */
export { Violation } from './violation.ts';

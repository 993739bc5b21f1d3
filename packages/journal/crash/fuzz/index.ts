/**
 * Hostile bytes for every decoder below the page.
 *
 * Who owns what: `target` what a decoder must never do · `structures`, `messages`, `stores` the inputs
 * · `allocations` what is reserved · `slice` a share of all of it.
 */
export { FuzzLane, type FuzzFound, type FuzzTask, fuzzTasks, journalTargets } from './slice.ts';
export { edit, type FuzzTarget, hostile, refusable } from './target.ts';

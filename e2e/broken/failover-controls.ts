/** Builds and tabs that the judge of failovers must catch: a judge that cannot fail proves nothing. */
import type { KillPoint } from '@varve/crashkit/playwright';
import type { Death } from '../harness/failover-plan.ts';
import type { Control } from './controls.ts';
import { unstampedResend } from './unstamped-resend.ts';

export interface FailoverControl extends Control {
  /** Which deaths show it, and how many of them are enough. */
  readonly kinds: readonly Death[];
  readonly deaths: number;
  /** Where every leader dies; absent: by the plan. */
  readonly at?: KillPoint;
}

export const FAILOVER_CONTROLS: readonly FailoverControl[] = [
  {
    name: 'append-twice',
    what: 'a tab that appends one value twice',
    plugins: () => [],
    shows: /^rule 3/,
    kinds: ['close'],
    deaths: 1,
  },
  {
    name: 'ack-before-write',
    what: 'an engine that acknowledges before it writes',
    plugins: () => [],
    shows: /^rule 5/,
    kinds: ['renderer'],
    deaths: 5,
  },
  {
    name: 'unstamped-resend',
    what: 'an engine that sends again what has no stamp',
    plugins: () => [unstampedResend()],
    shows: /^rule 3/,
    kinds: ['renderer'],
    deaths: 4,
    at: 'flushed',
  },
];

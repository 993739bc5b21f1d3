/** Builds and tabs that the judge of failovers must catch: a judge that cannot fail proves nothing. */
import type { Control } from './controls.ts';
import { unstampedResend } from './unstamped-resend.ts';

export const FAILOVER_CONTROLS: readonly Control[] = [
  {
    name: 'append-twice',
    what: 'a tab that appends one value twice',
    plugins: () => [],
    shows: /^rule 3/,
  },
  {
    name: 'ack-before-write',
    what: 'an engine that acknowledges before it writes',
    plugins: () => [],
    shows: /^rule 5/,
  },
  {
    name: 'unstamped-resend',
    what: 'an engine that sends again what has no stamp',
    plugins: () => [unstampedResend()],
    shows: /^rule 3/,
  },
];

/**
 * A build plugin that takes the stamps off what comes from other tabs: what is sent again after a
 * failover is appended again.
 *
 * Always true: a build in which it found nothing to patch fails.
 */
import type { Plugin } from 'vite';

const STAMPED = '...(stamp !== undefined && { stamp }),';

export function unstampedResend(): Plugin {
  return {
    name: 'varve-broken-unstamped-resend',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('/packages/engine/src/appends.ts')) return undefined;
      if (!code.includes(STAMPED)) throw new Error('appends.ts no longer stamps an append so');
      return code.replace(STAMPED, '');
    },
  };
}

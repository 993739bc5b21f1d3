/**
 * A build plugin that leaves `scanStart` where it is: how long would opening take if the engine had
 * not moved it?
 *
 * Always true: a build in which it found nothing to patch fails.
 */
import type { Plugin } from 'vite';

const LAGS = 'return this.serving && this.bytesSinceScanStart > Math.min(SCAN_START_BYTES, share);';

export function rareScanStart(): Plugin {
  return {
    name: 'varve-rare-scan-start',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('/packages/journal/src/journal.ts')) return undefined;
      if (!code.includes(LAGS)) throw new Error('journal.ts no longer says when scanStart lags');
      return code.replace(LAGS, 'return this.bytesSinceScanStart > share * 1e9;');
    },
  };
}

/**
 * A build plugin that takes the checksums out of the journal: written as zero, found as zero.
 *
 * Always true: a build in which it found nothing to patch fails, so that the control cannot become
 * an honest build unnoticed.
 */
import type { Plugin } from 'vite';

const IMPORT = /import \{([^}]*?),?\s*\bxxh32,?\s*\} from '@varve\/bytes';/;

export function noChecksums(): Plugin {
  let patched = 0;
  return {
    name: 'varve-broken-no-checksums',
    enforce: 'pre',
    transform(code, id) {
      if (!id.includes('/packages/journal/src/') || !IMPORT.test(code)) return undefined;
      patched++;
      return code.replace(IMPORT, "import {$1} from '@varve/bytes';\nconst xxh32 = () => 0;");
    },
    buildEnd() {
      // The page's own bundle holds no journal; the worker's does, and is built by its own instance.
      if (
        patched === 0 &&
        this.getModuleIds &&
        [...this.getModuleIds()].some((id) => id.includes('/packages/journal/src/batch.ts'))
      ) {
        throw new Error('found no checksum to take out of packages/journal: update e2e/broken');
      }
    },
  };
}

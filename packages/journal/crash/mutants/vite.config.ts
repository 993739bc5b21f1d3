/**
 * The journal's own tests, with the mutant that `VARVE_MUTANT` names (a file of JSON) in the sources:
 * `npx vitest run --config packages/journal/crash/mutants/vite.config.ts`.
 */
import { readFileSync } from 'node:fs';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { plant, type PlantedBug } from '../planted/bug.ts';

const mutantFile = process.env['VARVE_MUTANT'];
const mutant =
  mutantFile === undefined
    ? undefined
    : (JSON.parse(readFileSync(mutantFile, 'utf8')) as PlantedBug);

const planting: Plugin = {
  name: 'mutant',
  enforce: 'pre',
  transform(code, id) {
    const path = id.split(sep).join('/');
    if (mutant === undefined || !path.endsWith(`/packages/journal/src/${mutant.file}`)) return null;
    return { code: plant(mutant, code), map: null };
  },
};

export default defineConfig({
  root: fileURLToPath(new URL('../../../..', import.meta.url)),
  plugins: [planting],
  test: {
    testTimeout: 15_000,
    bail: 1,
    // One process with shared modules: a run for each mutant, and a kill ends all of it.
    pool: 'threads',
    isolate: false,
    maxWorkers: 1,
    include: [
      'packages/journal/src/**/*.test.ts',
      'packages/journal/golden/*.test.ts',
      'packages/journal/conformance/store.test.ts',
      'packages/journal/crash/regressions.test.ts',
    ],
  },
});

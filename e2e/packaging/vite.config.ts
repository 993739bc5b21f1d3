/** The packaging tests: `vitest run --config e2e/packaging/vite.config.ts`. Node runs them. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: import.meta.dirname,
  test: {
    name: 'packaging',
    // Of the contexts, those that need nothing of the registry and take little time.
    include: ['*.test.ts', 'contexts/extension.test.ts'],
    globalSetup: ['pack.ts'],
    // Each starts a browser, a bundler or a compiler, and waits for it half of its time.
    maxWorkers: Math.min(2, availableParallelism()),
    testTimeout: 90_000,
    hookTimeout: 120_000,
  },
});

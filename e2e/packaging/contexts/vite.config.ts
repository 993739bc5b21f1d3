/**
 * Every context in which Varve is said to work, from packed tarballs: `npm run test:packaging`.
 * One after the other: each has a bundler, a server and a browser of its own.
 */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: import.meta.dirname,
  test: {
    name: 'contexts',
    include: ['*.test.ts'],
    globalSetup: ['../pack.ts'],
    fileParallelism: false,
    testTimeout: 400_000,
    hookTimeout: 120_000,
  },
});

/**
 * What a process of Playwright serves to all its tests: the test app, and the demo.
 *
 * Always true: each is built and served once a process, when a test first asks for it. The `test` of
 * every file comes from here: Playwright ends a process whose next file has other fixtures of a
 * worker, and the next one loads and builds everything again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base } from '@playwright/test';
import { build, preview } from 'vite';
import { Stage } from './stage.ts';

const DEMO_CONFIG = join(import.meta.dirname, '../../apps/demo/vite.config.ts');

export const test = base.extend<
  object,
  {
    stage: Stage;
    /** Where the demo is. */
    site: string;
  }
>({
  stage: [
    async ({ browserName: _ }, use) => {
      const stage = await Stage.set({ pages: ['lab', 'service-worker'], killPoints: false });
      await use(stage);
      await stage.strike();
    },
    { scope: 'worker' },
  ],
  site: [
    async ({ browserName: _ }, use) => {
      const outDir = await mkdtemp(join(tmpdir(), 'varve-demo-'));
      const common = { configFile: DEMO_CONFIG, logLevel: 'warn' } as const;
      await build({ ...common, build: { outDir } });
      const server = await preview({
        ...common,
        build: { outDir },
        preview: { port: 0, host: 'localhost' },
      });
      await use(server.resolvedUrls?.local[0] ?? '');
      await server.close();
      await rm(outDir, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],
});

export { expect } from '@playwright/test';

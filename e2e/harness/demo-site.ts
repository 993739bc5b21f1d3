/** The demo, built and served, and a tab of it whose console must stay clean. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test as base, type Page } from '@playwright/test';
import { build, preview } from 'vite';

export { expect };

const CONFIG = join(import.meta.dirname, '../../apps/demo/vite.config.ts');

/** The built demo on a port of its own, for all tests of this file. */
export const test = base.extend<{ demo: Page }, { site: string }>({
  site: [
    async ({ browserName: _ }, use) => {
      const outDir = await mkdtemp(join(tmpdir(), 'varve-demo-'));
      const common = { configFile: CONFIG, logLevel: 'warn' } as const;
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
  demo: async ({ page, site }, use) => {
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(site);
    await expect(page.locator('.phase')).toHaveText('open');
    await use(page);
    expect(complaints, 'errors on the console, refusals by the policy included').toEqual([]);
  },
});

export async function write(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'New entry' }).fill(text);
  await page.getByRole('button', { name: 'Log it' }).click();
  await expect(page.locator('.entry').filter({ hasText: text })).toBeVisible();
}

export const openTab = (page: Page, name: string): Promise<void> =>
  page.getByRole('tab', { name }).click();

export async function reload(page: Page): Promise<void> {
  await page.reload();
  await expect(page.locator('.phase')).toHaveText('open');
}

/** A tab of the demo whose console must stay clean. */
import type { Page } from '@playwright/test';
import { expect, test as base } from './served.ts';

export { expect };

export const test = base.extend<{ demo: Page }>({
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

/** A real Chromium for one test. */
import { type Browser, chromium, type Page } from 'playwright-core';
import { onTestFinished } from 'vitest';
import { CHROMIUM_ARGS, findBrowsers } from '../../scripts/browsers.mjs';

export interface Visit {
  readonly page: Page;
  /** What the console and the page reported as errors so far. */
  readonly complaints: readonly string[];
}

/** @throws when this machine has no Chromium */
export async function visit(url: string): Promise<Visit> {
  const { chromium: found } = await findBrowsers({ get: false });
  if (found === undefined) throw new Error('no Chromium: set VARVE_CHROMIUM');
  const browser: Browser = await chromium.launch({
    executablePath: found.path,
    args: [...CHROMIUM_ARGS],
  });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(url);
  return { page, complaints };
}

/** The text of `<output>`, once the page has put one there. */
export async function outputOf({ page, complaints }: Visit): Promise<string> {
  const output = page.locator('output:not(:empty)');
  try {
    return (await output.textContent({ timeout: 30_000 })) ?? '';
  } catch (cause) {
    throw new Error(`the page said nothing; complaints: ${complaints.join('\n')}`, { cause });
  }
}

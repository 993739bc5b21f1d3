/** A page in a real browser, for one test. */
import { type Browser, chromium, firefox, type Page } from 'playwright-core';
import { afterAll, onTestFinished } from 'vitest';
import { CHROMIUM_ARGS, findBrowsers } from '../../scripts/browsers.mjs';

export type BrowserName = 'chromium' | 'firefox';

const found = await findBrowsers({ get: false });

/** Those of this machine. Without a Chromium a test fails; Firefox may be absent. */
export const BROWSERS: readonly BrowserName[] =
  found.firefox === undefined ? ['chromium'] : ['chromium', 'firefox'];

export interface Visit {
  readonly page: Page;
  /** What the console and the page reported as errors so far. */
  readonly complaints: readonly string[];
}

/** One of each for all tests of a file: a window of its own keeps visits apart. */
const running = new Map<BrowserName, Promise<Browser>>();

afterAll(async () => {
  for (const browser of running.values()) await (await browser).close();
});

function launch(name: BrowserName): Promise<Browser> {
  const executablePath = found[name]?.path;
  if (executablePath === undefined) throw new Error(`no ${name}: set VARVE_${name.toUpperCase()}`);
  return name === 'chromium'
    ? chromium.launch({ executablePath, args: [...CHROMIUM_ARGS] })
    : firefox.launch({ channel: 'moz-firefox', executablePath });
}

/** @throws when this machine has no such browser */
export async function visit(url: string, name: BrowserName = 'chromium'): Promise<Visit> {
  return (await visitor(name))(url);
}

/** One window for several pages. @throws when this machine has no such browser */
export async function visitor(name: BrowserName): Promise<(url: string) => Promise<Visit>> {
  const browser = running.get(name) ?? launch(name);
  running.set(name, browser);
  const window = await (await browser).newContext();
  onTestFinished(() => window.close());
  return async (url) => {
    const page = await window.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.goto(url);
    return { page, complaints };
  };
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

/** Two tabs, and how the second asks the first. */
import { expect } from 'vitest';
import { crashOf, ready, type SurvivalOptions } from './survival.ts';

/** @throws when the second tab's link stays on the channel: the introducer did not load */
export async function linkByPort(options: SurvivalOptions): Promise<void> {
  const { path = '/', doorway } = options;
  const crash = await crashOf(options);
  if (doorway !== undefined) await (await crash.open(doorway)).page.close();
  const pages = [(await crash.open(path)).page, (await crash.open(path)).page] as const;
  for (const page of pages) {
    await ready(page);
    await page.evaluate(() => window.app.readAll());
  }
  const link = () => pages[1].evaluate(() => window.app.link?.());
  await expect.poll(link, { timeout: 10_000 }).toBe('port');
}

/** A volume whose tab, worker or browser dies in the middle of whatever it was doing. */
import type { Page } from '@playwright/test';
import { isSameModel, modelAfter } from '../app/volume-plan.ts';
import { expect, type Tabs, test } from '../harness/fixture.ts';

declare global {
  interface Window {
    told(step: number): Promise<void>;
  }
}

const NAME = 'volume';

/** Lets the page go through the steps from `from` on until `steps` were told; resolves with the last one told. */
async function storm(
  page: Page,
  from: number,
  steps: number,
  die: () => Promise<void>,
): Promise<number> {
  let last = from - 1;
  let enough = (): void => undefined;
  const reached = new Promise<void>((resolve) => {
    enough = resolve;
  });
  await page.exposeFunction('told', (step: number) => {
    last = step;
    if (step >= from + steps - 1) enough();
  });
  const storming = page
    .evaluate(([name, at]) => window.lab.stormVolume(name, at, window.told), [NAME, from] as const)
    // It ends by its death.
    .catch((error: unknown) => error);
  const failed = storming.then((error) => {
    if (!/closed|crashed|destroyed/i.test(String(error))) throw error;
  });
  failed.catch(() => undefined);
  await Promise.race([reached, failed]);
  await die();
  await storming;
  return last;
}

/** The last step that everything agrees with, of those that may have been the last. */
async function judge(tabs: Tabs, told: number): Promise<number> {
  const page = await tabs.open();
  const { found, findings } = await page.evaluate((name) => window.lab.surveyVolume(name), NAME);
  expect(findings).toEqual([]);
  // The one told last is there, and at most the one that was under way.
  const last = [told, told + 1].find((step) => isSameModel(modelAfter(step), found));
  expect(last, `after step ${told}: ${JSON.stringify(found)}`).toBeDefined();
  await page.close();
  return last!;
}

test('kills of the renderer lose no step that was told, and leave none by half', async ({
  tabs,
}) => {
  let from = 0;
  for (const steps of [3, 17, 29, 41, 8]) {
    const page = await tabs.open();
    const told = await storm(page, from, steps, () => tabs.kill(page, 'renderer'));
    from = (await judge(tabs, told)) + 1;
  }
  expect(from).toBeGreaterThanOrEqual(98);
});

test('a browser that is killed, and a tab that is closed, in the middle of it', async ({
  tabs,
}) => {
  let page = await tabs.open();
  let told = await storm(page, 0, 37, () => tabs.restart('kill'));
  const from = (await judge(tabs, told)) + 1;
  page = await tabs.open();
  told = await storm(page, from, 45, () => page.close());
  expect(await judge(tabs, told)).toBeGreaterThan(80);
});

/**
 * Private windows. Chromium keeps their OPFS in memory and says nothing: a flush succeeds and means
 * nothing once the window is closed. What can be shown is that the store works there, and is gone.
 */
import { expect, test } from '../harness/fixture.ts';

test('a private window: a store of its own that works, and nothing of it afterwards', async ({
  tabs,
}) => {
  const { context } = tabs.browser;
  const open = async () => {
    const hidden = await context.browser()!.newContext();
    const page = await hidden.newPage();
    await page.goto(`${tabs.origin}/lab.html`);
    await page.waitForSelector('body[data-ready]', { state: 'attached' });
    return { hidden, page };
  };
  const use = (page: Awaited<ReturnType<typeof open>>['page']) =>
    page.evaluate(() =>
      window.lab.settle(async () => {
        const log = await window.lab.openLog('hidden');
        return log.append('secret');
      }),
    );
  const first = await open();
  expect(await use(first.page)).toEqual({ value: 1 });
  await first.hidden.close();
  const second = await open();
  expect(await use(second.page)).toEqual({ value: 1 });
  await second.hidden.close();
  const ordinary = await tabs.open();
  expect(await ordinary.evaluate(() => window.lab.listStores())).toEqual([]);
});

/** What was acknowledged is there after everything that a user does to a tab. */
import type { Page } from '@playwright/test';
import { expect, test } from '../harness/fixture.ts';

const append = (page: Page, values: string[]): Promise<number> =>
  page.evaluate(async (all) => {
    window.lab.log ??= await window.lab.openLog('kept');
    let last = 0;
    for (const value of all) last = await window.lab.log.append(value);
    return last;
  }, values);

const readBack = (page: Page): Promise<[number, unknown][]> =>
  page.evaluate(async () => {
    const log = await window.lab.openLog('kept', { create: false });
    const all = await window.lab.readAll(log);
    await log.close();
    return all;
  });

const THREE = [
  [1, 'one'],
  [2, 'two'],
  [3, 'three'],
];

test('a store survives a reload that nobody prepared for', async ({ tabs }) => {
  const page = await tabs.open();
  expect(await append(page, ['one', 'two', 'three'])).toBe(3);
  await page.reload();
  await page.waitForSelector('body[data-ready]', { state: 'attached' });
  expect(await readBack(page)).toEqual(THREE);
});

test('a store survives closing and starting the browser', async ({ tabs }) => {
  await append(await tabs.open(), ['one', 'two', 'three']);
  await tabs.restart('close');
  const page = await tabs.open();
  expect(await readBack(page)).toEqual(THREE);
  expect(await append(page, ['four'])).toBe(4);
});

test('a store survives the death of the whole browser', async ({ tabs }) => {
  await append(await tabs.open(), ['one', 'two', 'three']);
  await tabs.restart('kill');
  expect(await readBack(await tabs.open())).toEqual(THREE);
});

test('a tab that comes back from the back/forward cache goes on with its store', async ({
  tabs,
}) => {
  const page = await tabs.open();
  await append(page, ['one', 'two']);
  await page.goto(`${tabs.origin}/blank.html`);
  // A page out of that cache has no load event to wait for.
  await page.goBack({ waitUntil: 'commit' });
  await page.waitForSelector('body[data-ready]', { state: 'attached' });
  expect(await append(page, ['three'])).toBe(3);
  await page.evaluate(() => window.lab.log?.close());
  expect(await readBack(page)).toEqual(THREE);
});

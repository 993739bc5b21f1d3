/**
 * The demo, as a visitor uses it, in a real Chromium.
 *
 * Always true: each test has a browser context of its own, so a logbook that nobody wrote in before.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, openTab, reload, test, write } from '../harness/demo-site.ts';

/** Looks like a file nobody can guess: all byte values, no pattern that text would have. */
const ATTACHMENT = Buffer.from(
  Array.from({ length: 200_003 }, (_, at) => (at * at * 31 + (at >> 8)) & 255),
);

const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('an entry is there after a reload', async ({ demo }) => {
  await write(demo, 'Ice is off the northern bay.');
  await expect(demo.locator('.composer-said')).toHaveText(/Durable in .*LSN 1$/);
  await reload(demo);
  await expect(demo.locator('.entry-text')).toHaveText(['Ice is off the northern bay.']);
  await expect(demo.getByRole('heading', { name: 'Today' })).toBeVisible();
});

test('an attached file comes back byte for byte, also after a reload', async ({ demo }) => {
  await demo.locator('.composer input[type=file]').setInputFiles({
    name: 'core.bin',
    mimeType: 'application/octet-stream',
    buffer: ATTACHMENT,
  });
  await write(demo, 'With a file.');
  await reload(demo);
  const download = demo.waitForEvent('download');
  await demo.getByRole('button', { name: 'Download core.bin', exact: true }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('core.bin');
  expect(digest(await readFile(await file.path()))).toBe(digest(ATTACHMENT));
});

test('an attached image is previewed under the policy, and opens', async ({ demo }) => {
  await demo.getByRole('button', { name: 'Fill in a sample week' }).click();
  const thumb = demo.locator('.thumb').first();
  await expect
    .poll(() => thumb.evaluate((image: HTMLImageElement) => image.naturalWidth))
    .toBe(900);
  await demo.locator('.file-image .file-open').first().click();
  const picture = demo.locator('dialog .viewer-image');
  await expect
    .poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth))
    .toBe(900);
  await demo.keyboard.press('Escape');
  await expect(demo.locator('dialog')).toHaveCount(0);
  await demo.getByRole('button', { name: /^Open varve-thickness.csv/ }).click();
  await expect(demo.locator('dialog .viewer-text')).toContainText('year,thickness_mm');
});

test('search finds entries by all their words and by the names of files', async ({ demo }) => {
  await write(demo, 'The winch squeaks.');
  await write(demo, 'Wind from the west, the winch runs.');
  await write(demo, 'Rain all evening.');
  const search = demo.getByRole('searchbox', { name: 'Search entries' });
  await search.fill('winch west');
  await expect(demo.locator('.entry-text')).toHaveText(['Wind from the west, the winch runs.']);
  await expect(demo.locator('.found')).toHaveText('1 of 3 entries');
  await search.fill('snow');
  await expect(demo.locator('.nothing')).toBeVisible();
  await search.press('Escape');
  await expect(demo.locator('.entry')).toHaveCount(3);
});

test('a deleted entry stays deleted, an undone deletion stays undone, an edit stays', async ({
  demo,
}) => {
  await write(demo, 'To be deleted.');
  await write(demo, 'To be kept.');
  await write(demo, 'To be mended.');
  const entry = (text: string) => demo.locator('.entry').filter({ hasText: text });
  await entry('To be kept').getByRole('button', { name: 'Delete entry' }).click();
  await demo.getByRole('button', { name: 'Undo' }).click();
  await expect(entry('To be kept')).toBeVisible();
  await entry('To be deleted').getByRole('button', { name: 'Delete entry' }).click();
  await entry('To be mended').getByRole('button', { name: 'Edit entry' }).click();
  await demo.getByRole('textbox', { name: 'Edit entry' }).fill('Mended.');
  await demo.getByRole('button', { name: 'Save' }).click();
  await expect(demo.locator('.entry-text')).toHaveText(['Mended.', 'To be kept.']);
  await reload(demo);
  await expect(demo.locator('.entry-text')).toHaveText(['Mended.', 'To be kept.']);
});

test('a checkpoint carries the logbook over a restart', async ({ demo }) => {
  await write(demo, 'Before the checkpoint.');
  await demo.getByRole('button', { name: 'Take a checkpoint' }).click();
  await expect(demo.locator('.figures .tone-covered')).toHaveText('1');
  await write(demo, 'After it.');
  await reload(demo);
  await expect(demo.locator('.entry-text')).toHaveText(['After it.', 'Before the checkpoint.']);
  await expect(demo.locator('.figures .tone-covered')).toHaveText('1');
});

test('the inspector draws slots, superblocks, batches and the last recovery', async ({ demo }) => {
  await write(demo, 'Something to look at.');
  await expect(demo.locator('.core[data-state=tail]')).toHaveAttribute('aria-label', /LSN 1,/);
  await expect(demo.locator('.plate')).toHaveCount(2);
  await expect(demo.locator('.tag').first()).toBeVisible();
  await demo.locator('.slot-canvas').focus();
  await demo.keyboard.press('End');
  await expect(demo.locator('.slot-said')).toHaveText(/^\+[\d,]+: /);
  await expect(demo.locator('.event').filter({ hasText: 'Durable up to LSN 1' })).toBeVisible();
});

interface Numbers {
  readonly issued: number;
  readonly acknowledged: number;
  readonly recovered: number;
}

async function verdictOf(page: Page): Promise<Numbers> {
  const verdict = page.locator('article.verdict[data-passed]');
  await expect(verdict).toBeVisible({ timeout: 60_000 });
  await expect(verdict).toContainText('Nothing acknowledged was lost');
  const read = async (name: string): Promise<number> =>
    Number((await verdict.locator(`[data-verdict=${name}]`).innerText()).replaceAll(/\D/g, ''));
  const numbers = {
    issued: await read('issued'),
    acknowledged: await read('acknowledged'),
    recovered: await read('recovered'),
  };
  expect(numbers.acknowledged).toBeGreaterThan(0);
  expect(numbers.recovered).toBeGreaterThanOrEqual(numbers.acknowledged);
  expect(numbers.issued).toBeGreaterThanOrEqual(numbers.recovered);
  return numbers;
}

test('a worker killed in a storm loses nothing that was acknowledged', async ({ demo }) => {
  await write(demo, 'An entry that has nothing to do with it.');
  await openTab(demo, 'Crash lab');
  await demo.getByRole('button', { name: 'Just a storm' }).click();
  await expect
    .poll(async () => (await demo.locator('[data-count=acknowledged]').innerText()).length)
    .toBeGreaterThan(3);
  await demo.getByRole('button', { name: 'Kill the worker' }).click();
  await verdictOf(demo);
  await expect(demo.locator('.phase')).toHaveText('open');
  await expect(demo.locator('.entry')).toHaveCount(1);
  await openTab(demo, 'Inspector');
  await expect(demo.locator('.event').filter({ hasText: 'Worker terminated' })).toBeVisible();
});

test('a page reloaded in a storm gives its verdict when it is back', async ({ demo }) => {
  await openTab(demo, 'Crash lab');
  const back = demo.waitForEvent('load', { timeout: 30_000 });
  await demo.getByRole('button', { name: 'Reload mid-storm' }).click();
  await back;
  await verdictOf(demo);
  await expect(demo.locator('article.verdict')).toContainText('The page went away');
  // A verdict is given once.
  await reload(demo);
  await expect(demo.locator('article.verdict')).toHaveCount(0);
});

test('a crashed tab loses nothing that was acknowledged', async ({ demo, context, site }) => {
  await openTab(demo, 'Crash lab');
  await demo.getByRole('button', { name: 'Just a storm' }).click();
  const acknowledged = demo.locator('[data-count=acknowledged]');
  await expect.poll(async () => (await acknowledged.innerText()).length).toBeGreaterThan(3);
  const crashed = demo.waitForEvent('crash');
  demo.goto('chrome://crash').catch(() => undefined);
  await crashed;
  const next = await context.newPage();
  await next.goto(site);
  await verdictOf(next);
  await expect(next.locator('article.verdict')).toContainText('The page went away');
});

test('a flipped bit in a copy is reported with its LSN range; the logbook is untouched', async ({
  demo,
}) => {
  for (const text of [
    'The first of the long entries.',
    'The second of the long entries.',
    'The third of the long entries.',
  ]) {
    await write(demo, text);
  }
  await openTab(demo, 'Crash lab');
  await demo.getByRole('button', { name: 'Damage a byte' }).click();
  const report = demo.locator('[data-noticed]');
  await expect(report).toBeVisible({ timeout: 30_000 });
  await expect(report).toHaveAttribute('data-noticed', /import|open|read/);
  await expect(report.getByRole('heading')).toHaveText('CORRUPT: LSN 2');
  await expect(report).toContainText('One bit of record LSN 2 was flipped');
  await reload(demo);
  await expect(demo.locator('.entry')).toHaveCount(3);
});

test('an export is imported again after everything was erased', async ({ demo }) => {
  await demo.locator('.composer input[type=file]').setInputFiles({
    name: 'core.bin',
    mimeType: 'application/octet-stream',
    buffer: ATTACHMENT,
  });
  await write(demo, 'Worth keeping.');
  await openTab(demo, 'Crash lab');
  const exported = demo.waitForEvent('download');
  await demo.getByRole('button', { name: 'Export', exact: true }).click();
  const path = await (await exported).path();

  await demo.getByRole('button', { name: 'Erase …' }).click();
  await demo.getByRole('button', { name: 'Erase everything' }).click();
  await expect(demo.locator('.empty')).toBeVisible();

  await demo.locator('#panel-lab input[type=file]').setInputFiles(path);
  await expect(demo.locator('[data-imported]')).toHaveAttribute('data-imported', '2');
  await demo.getByRole('button', { name: 'Use it as my logbook' }).click();
  await demo.getByRole('button', { name: 'Replace' }).click();
  await expect(demo.locator('.entry-text')).toHaveText(['Worth keeping.']);
  const download = demo.waitForEvent('download');
  await demo.getByRole('button', { name: 'Download core.bin', exact: true }).click();
  expect(digest(await readFile(await (await download).path()))).toBe(digest(ATTACHMENT));
});

test('a file that is no export is refused with a reason', async ({ demo }) => {
  await openTab(demo, 'Crash lab');
  await demo.locator('#panel-lab input[type=file]').setInputFiles({
    name: 'holiday.jpg',
    mimeType: 'image/jpeg',
    buffer: ATTACHMENT,
  });
  await expect(demo.locator('article.verdict.is-failed')).toContainText('holiday.jpg was refused');
  await expect(demo.locator('.phase')).toHaveText('open');
});

test('the keyboard alone writes, searches, walks, deletes and takes back', async ({ demo }) => {
  await demo.keyboard.press('n');
  await demo.keyboard.type('First, by hand.');
  await demo.keyboard.press('Control+Enter');
  await expect(demo.locator('.entry')).toHaveCount(1);
  await demo.keyboard.type('Second n / entry.');
  await demo.keyboard.press('Control+Enter');
  await expect(demo.locator('.entry')).toHaveCount(2);
  await demo.keyboard.press('Escape');

  await demo.keyboard.press('/');
  await expect(demo.getByRole('searchbox')).toBeFocused();
  await demo.keyboard.press('ArrowDown');
  const entries = demo.locator('.entry');
  await expect(entries.nth(0)).toBeFocused();
  await demo.keyboard.press('ArrowDown');
  await expect(entries.nth(1)).toBeFocused();
  await demo.keyboard.press('Delete');
  await expect(entries).toHaveCount(1);
  await expect(demo.locator('.entry-text')).toHaveText(['Second n / entry.']);
  await demo.keyboard.press('?');
  await expect(demo.getByRole('dialog', { name: 'Keys' })).toBeVisible();
});

test('the race ends with bars for every contestant', async ({ demo }) => {
  await openTab(demo, 'Race');
  await demo.getByRole('button', { name: 'Run the race' }).click();
  await expect(demo.locator('.heat-verdict')).toHaveCount(2, { timeout: 60_000 });
  await expect(demo.locator('[data-contestant=Varve]')).toHaveCount(2);
  await expect(demo.locator('.bar')).toHaveCount(5);
});

test('it works without a network after the first visit', async ({ demo, context }) => {
  await write(demo, 'Written online.');
  await demo.evaluate(async () => {
    await navigator.serviceWorker.ready;
  });
  await context.setOffline(true);
  await reload(demo);
  await write(demo, 'Written offline.');
  await reload(demo);
  await expect(demo.locator('.entry-text')).toHaveText(['Written offline.', 'Written online.']);
});

for (const [name, viewport] of [
  ['a phone', { width: 390, height: 844 }],
  ['a tablet', { width: 820, height: 1100 }],
] as const) {
  test(`nothing is wider than the screen of ${name}`, async ({ demo }) => {
    await demo.setViewportSize(viewport);
    await demo.getByRole('button', { name: 'Fill in a sample week' }).click();
    await expect(demo.locator('.entry')).toHaveCount(8);
    for (const tab of ['Inspector', 'Tabs', 'Crash lab', 'Race', 'Logbook']) {
      await openTab(demo, tab);
      expect(
        await demo.evaluate(() => document.documentElement.scrollWidth),
        tab,
      ).toBeLessThanOrEqual(viewport.width);
    }
  });
}

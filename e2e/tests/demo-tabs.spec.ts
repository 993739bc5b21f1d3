/**
 * The demo in several tabs at once: one leads, the others follow, and a failover can be watched.
 *
 * Always true: the numbers that each tab writes are judged by the page from the log, and here once
 * more by what the page shows of them.
 */
import type { BrowserContext, Locator, Page } from '@playwright/test';
import { expect, openTab, test, write } from '../harness/demo-site.ts';

async function another(context: BrowserContext, site: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(site);
  await expect(page.locator('.phase')).toHaveText('open');
  return page;
}

const badge = (page: Page): Locator => page.locator('.badge');

async function epochOf(page: Page): Promise<number> {
  await expect(badge(page).locator('.badge-epoch')).toHaveText(/epoch \d/);
  return Number((await badge(page).locator('.badge-epoch').innerText()).replaceAll(/\D/g, ''));
}

/** The number that each lane has come to. */
const lasts = (page: Page): Promise<number[]> =>
  page
    .locator('.lane')
    .evaluateAll((lanes) => lanes.map((lane) => Number(lane.getAttribute('data-last'))));

/** Every lane that is still here goes on from now on. */
async function expectProgress(page: Page): Promise<void> {
  const alive = page.locator('.lane:not([data-state=gone])');
  const read = (): Promise<number[]> =>
    alive.evaluateAll((lanes) => lanes.map((lane) => Number(lane.getAttribute('data-last'))));
  const before = await read();
  await expect
    .poll(async () => (await read()).every((last, at) => last >= (before[at] ?? 0) + 5), {
      timeout: 30_000,
    })
    .toBe(true);
}

async function expectUnbroken(page: Page): Promise<void> {
  const verdict = page.locator('.lanes-verdict');
  await expect(verdict).toContainText('none lost, none twice');
  await expect(verdict).toHaveAttribute('data-unbroken', 'true');
}

test('an entry written in one tab appears in the other at once, edits and deletions too', async ({
  demo,
  context,
  site,
}) => {
  await write(demo, 'Before the second tab.');
  const second = await another(context, site);
  await expect(badge(demo)).toContainText('Leader');
  await expect(badge(second)).toContainText('Follower');
  expect(await epochOf(second)).toBe(await epochOf(demo));
  await expect(second.locator('.entry-text')).toHaveText(['Before the second tab.']);
  await write(second, 'By the follower.');
  await expect(demo.locator('.entry-text')).toHaveText([
    'By the follower.',
    'Before the second tab.',
  ]);
  await write(demo, 'By the leader.');
  await expect(second.locator('.entry-text').first()).toHaveText('By the leader.');
  await demo.locator('.entry').first().focus();
  await demo.keyboard.press('Delete');
  await expect(second.locator('.entry')).toHaveCount(2);
  await second.getByRole('button', { name: 'Take a checkpoint' }).click();
  await expect(demo.locator('.figures .tone-covered')).not.toHaveText('none');
});

test('the leader’s tab is closed while all write: a follower leads, no number lost or twice', async ({
  demo,
  context,
  site,
}) => {
  const second = await another(context, site);
  const third = await another(context, site);
  for (const page of [demo, second, third]) await openTab(page, 'Tabs');
  await expect(second.locator('.lane')).toHaveCount(3);
  const epoch = await epochOf(second);
  await second.getByRole('button', { name: 'Keep writing' }).click();
  await expectProgress(second);
  await demo.close();

  await expect
    .poll(async () => [await badge(second).innerText(), await badge(third).innerText()].join(' '))
    .toContain('Leader');
  for (const page of [second, third]) {
    await expect.poll(() => epochOf(page)).toBeGreaterThan(epoch);
    await expectProgress(page);
    await expectUnbroken(page);
    await expect(page.locator('.lane[data-state=gone]')).toHaveCount(1);
    await expect(page.locator('.moments')).toContainText('leads now');
    await expect(page.locator('.moments')).toContainText(/number \d+ waited .* across it/);
  }
  expect(Math.min(...(await lasts(second)))).toBeGreaterThan(0);
});

test('handing over and crashing the worker: the other leads, and this tab comes back', async ({
  demo,
  context,
  site,
}) => {
  const second = await another(context, site);
  for (const page of [demo, second]) await openTab(page, 'Tabs');
  await expect(second.getByRole('button', { name: 'Hand over' })).toBeDisabled();
  await demo.getByRole('button', { name: 'Keep writing' }).click();
  await expectProgress(second);

  await demo.getByRole('button', { name: 'Hand over' }).click();
  await expect(badge(second)).toContainText('Leader');
  await expect(badge(demo)).toContainText('Follower');
  await expectProgress(demo);
  for (const page of [demo, second]) await expectUnbroken(page);

  await second.getByRole('button', { name: 'Crash this tab’s worker' }).click();
  await expect(badge(second)).toContainText('Worker down');
  await expect(badge(demo)).toContainText('Leader');
  await expect(badge(second)).toContainText('Follower');
  await expectProgress(demo);
  for (const page of [demo, second]) await expectUnbroken(page);
  await demo.getByRole('button', { name: 'Stop writing' }).click();
  await expect(second.getByRole('button', { name: 'Keep writing' })).toBeVisible();
});

test('inspector, crash lab and race work in a follower', async ({ demo, context, site }) => {
  const second = await another(context, site);
  await write(second, 'Something to look at.');
  await expect(second.locator('.core[data-state=tail]')).toHaveAttribute('aria-label', /LSN 1,/);
  for (const page of [demo, second]) {
    await page.getByRole('button', { name: 'Crash lab', exact: true }).click();
    await expect(page.locator('.phase')).toHaveText('open');
    await openTab(page, 'Crash lab');
  }
  await demo.getByRole('button', { name: 'Just a storm' }).click();
  await expect(demo.locator('[data-count=acknowledged]')).not.toHaveText('0');
  // One ledger, one storm: the other tab is refused, and a new one does not judge it.
  await second.getByRole('button', { name: 'Just a storm' }).click();
  await expect(second.locator('.toast-alarm')).toContainText('Another tab’s storm blows');
  const third = await another(context, site);
  await expect(third.locator('article.verdict')).toHaveCount(0);
  await demo.getByRole('button', { name: 'Stop and check' }).click();
  await expect(demo.locator('article.verdict')).toContainText('Nothing acknowledged was lost', {
    timeout: 60_000,
  });
});
